// A field on a node: draws the value of an input and hands clicks to the editor.
import { assetIdOf, type PortDescription } from '@facewright/core';
import { BaseWidget } from 'litegraph.js';
import { number } from '../state/format.ts';
import { fieldText, randomSeed, scrubbed } from '../fields/field-values.ts';
import { cut, wrap } from './draw.ts';
import type { GraphNode } from './graph-node.ts';
import { label } from './label.ts';
import { font, theme } from './theme.ts';

type Options = Parameters<BaseWidget['onClick']>[0];
const LINES = 3;

export class PortWidget extends BaseWidget {
  readonly port: PortDescription;
  readonly owner: GraphNode;
  #scrub: { readonly from: number; readonly x: number } | null = null;

  constructor(owner: GraphNode, port: PortDescription) {
    super({ name: port.name, type: 'facewright', options: {}, y: 0, serialize: false }, owner);
    this.owner = owner;
    this.port = port;
  }
  get #multiline(): boolean {
    return this.port.type.kind === 'text' && this.port.type.multiline;
  }
  override computeSize(): [number, number] {
    // litegraph gives every field a gap of 4, hidden ones too.
    if (!this.owner.shows(this.port)) return [theme.minWidth, -4];
    return [theme.minWidth, this.#multiline ? 26 + LINES * 16 : theme.rowHeight];
  }

  override drawWidget(ctx: CanvasRenderingContext2D, { width, showText }: { width: number; showText?: boolean }): void {
    const { margin } = theme;
    const { y, port, owner } = this;
    const linked = Boolean(this.computedDisabled);
    const value = owner.fieldValue(port.name);
    const hovered = owner.mouseOver?.overWidget === this;
    const wrong = owner.look.problems.has(port.name) || (!linked && owner.unfilled().has(port.name));
    const height = this.computeSize()[1];
    ctx.save();
    ctx.globalAlpha = owner.strength;
    ctx.beginPath();
    ctx.roundRect(margin, y, width - 2 * margin, height, 6);
    ctx.fillStyle = theme.field;
    ctx.fill();
    ctx.strokeStyle = wrong ? theme.bad : hovered && !linked ? theme.fieldHover : theme.fieldEdge;
    ctx.lineWidth = 1;
    ctx.stroke();
    if (showText !== false) this.#drawText(ctx, width, value, linked, wrong);
    ctx.restore();
  }

  #drawText(ctx: CanvasRenderingContext2D, width: number, value: unknown, linked: boolean, wrong: boolean): void {
    const { port, y } = this;
    const left = theme.margin + 10;
    const right = width - theme.margin - 10;
    const middle = y + theme.rowHeight / 2 + 0.5;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'left';
    ctx.font = font(11.5);
    ctx.fillStyle = wrong ? theme.bad : theme.soft;
    const name = cut(ctx, label(port.name), (right - left) * 0.55);
    ctx.fillText(name, left, middle);
    const from = left + ctx.measureText(name).width + 12;
    ctx.font = font(12, 500);
    ctx.textAlign = 'right';
    if (linked) {
      ctx.fillStyle = theme.faint;
      ctx.fillText('linked', right, middle);
      return;
    }
    if (this.#multiline) {
      ctx.textAlign = 'left';
      ctx.font = font(11.5);
      ctx.fillStyle = value ? theme.text : theme.faint;
      wrap(ctx, String(value ?? '') || 'empty', right - left, LINES).forEach((line, i) => ctx.fillText(line, left, y + 34 + i * 16));
      return;
    }
    ctx.fillStyle = value === undefined || value === '' ? (wrong ? theme.bad : theme.faint) : theme.text;
    switch (port.type.kind) {
      case 'boolean':
        drawSwitch(ctx, right - 26, middle - 0.5, value === true);
        return;
      case 'choice':
        drawChevron(ctx, right - 4, middle);
        ctx.fillText(cut(ctx, fieldText(value), right - from - 14), right - 14, middle);
        return;
      case 'seed':
        drawDie(ctx, right - 12, middle - 6);
        ctx.fillText(cut(ctx, fieldText(value), right - from - 20), right - 20, middle);
        return;
      case 'number':
        ctx.fillText(
          typeof value === 'number' ? number(value) : value === undefined ? (port.optional ? 'optional' : 'needed') : fieldText(value),
          right,
          middle,
        );
        return;
      case 'text':
        if (port.type.maskOf === undefined) break;
        ctx.fillText(value ? 'painted' : 'paint…', right, middle);
        return;
      case 'path':
        if (port.type.picture && assetIdOf(fieldText(value))) {
          ctx.fillText('dropped picture', right, middle);
          return;
        }
        if (port.type.models) {
          drawChevron(ctx, right - 4, middle);
          ctx.fillText(cut(ctx, fieldText(value) || 'choose…', right - from - 14, 'end'), right - 14, middle);
          return;
        }
        ctx.fillText(cut(ctx, fieldText(value) || 'choose…', right - from, 'end'), right, middle);
        return;
      default:
    }
    ctx.fillText(cut(ctx, fieldText(value) || 'empty', right - from), right, middle);
  }

  override onClick({ e, canvas }: Options): void {
    canvas.processSelect(this.owner, e);
    if (this.computedDisabled) return;
    const { port, owner } = this;
    const value = owner.fieldValue(port.name);
    if (port.type.kind === 'boolean') owner.hooks.valueChanged(owner, port.name, value !== true);
    else if (port.type.kind === 'seed' && e.canvasX > (owner.pos[0] ?? 0) + (owner.size[0] ?? 0) - 36)
      owner.hooks.valueChanged(owner, port.name, randomSeed());
    else owner.hooks.editField(owner, port);
  }
  /** Dragging a number sideways changes it: the whole range over 400 pixels, or one step per 4 pixels. */
  override onDrag({ e, canvas }: Options): void {
    const { port, owner } = this;
    if (port.type.kind !== 'number' || this.computedDisabled) return;
    const value = owner.fieldValue(port.name);
    this.#scrub ??= { from: typeof value === 'number' ? value : port.type.min, x: e.clientX };
    owner.hooks.valueChanged(owner, port.name, scrubbed(port.type, this.#scrub.from, e.clientX - this.#scrub.x));
    canvas.pointer.finally = () => (this.#scrub = null);
  }
}

function drawSwitch(ctx: CanvasRenderingContext2D, x: number, y: number, on: boolean): void {
  ctx.beginPath();
  ctx.roundRect(x, y - 7, 26, 14, 7);
  ctx.fillStyle = on ? theme.accent : '#3a3e4b';
  ctx.fill();
  ctx.beginPath();
  ctx.arc(on ? x + 19 : x + 7, y, 5, 0, Math.PI * 2);
  ctx.fillStyle = on ? '#2a1709' : '#b7bbc8';
  ctx.fill();
}
function drawChevron(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.beginPath();
  ctx.moveTo(x - 4, y - 2);
  ctx.lineTo(x, y + 2);
  ctx.lineTo(x + 4, y - 2);
  ctx.strokeStyle = theme.soft;
  ctx.lineWidth = 1.4;
  ctx.stroke();
}
function drawDie(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.strokeStyle = theme.soft;
  ctx.lineWidth = 1.2;
  ctx.beginPath();
  ctx.roundRect(x, y, 12, 12, 3);
  ctx.stroke();
  const ink = ctx.fillStyle;
  ctx.fillStyle = theme.soft;
  ctx.beginPath();
  for (const [dx, dy] of [
    [3.5, 3.5],
    [8.5, 8.5],
    [6, 6],
  ] as const) {
    ctx.moveTo(x + dx, y + dy);
    ctx.arc(x + dx, y + dy, 1.1, 0, Math.PI * 2);
  }
  ctx.fill();
  ctx.fillStyle = ink;
}
