// Measures, colours and fonts of everything drawn on the canvas.
import { LiteGraph } from 'litegraph.js';

export const font = (size: number, weight = 400): string => `${weight} ${size}px "Inter Variable", system-ui, sans-serif`;

export const theme = {
  canvas: '#14151a',
  dot: '#262832',
  body: '#1f212a',
  header: '#272a35',
  edge: '#343846',
  field: '#16181f',
  fieldEdge: '#2d303c',
  fieldHover: '#454a5c',
  text: '#e9eaf0',
  soft: '#a6abbb',
  faint: '#7d8294',
  accent: '#ffb17a',
  good: '#7fd6a2',
  cached: '#8fb6ff',
  bad: '#ff7b7b',
  warn: '#f2d16b',
  bypassed: '#b596ff',
  bypassedBody: '#2a2436',
  bypassedHeader: '#382f4b',
  radius: 10,
  titleHeight: 34,
  slotHeight: 24,
  rowHeight: 26,
  margin: 12,
  minWidth: 236,
} as const;

export function installTheme(): void {
  Object.assign(LiteGraph, {
    NODE_TITLE_HEIGHT: theme.titleHeight,
    NODE_SLOT_HEIGHT: theme.slotHeight,
    NODE_WIDGET_HEIGHT: theme.rowHeight,
    // litegraph widens nodes with fields by half; the text of a field is cut instead.
    NODE_WIDTH: theme.minWidth / 1.5,
    NODE_TEXT_SIZE: 12,
    NODE_SUBTEXT_SIZE: 12,
    ROUND_RADIUS: theme.radius,
    NODE_BOX_OUTLINE_COLOR: theme.accent,
    CONNECTING_LINK_COLOR: theme.accent,
    LINK_COLOR: theme.faint,
    DEFAULT_GROUP_FONT: 18,
    DEFAULT_GROUP_FONT_SIZE: 18,
    GROUP_FONT: '"Inter Variable", system-ui, sans-serif',
    CANVAS_GRID_SIZE: 10,
    MAX_NUMBER_OF_NODES: 100_000,
    release_link_on_empty_shows_menu: false,
    middle_click_slot_add_default_node: false,
    do_add_triggers_slots: false,
    ctrl_alt_click_do_break_link: false,
  });
}
