// litegraph's canvas with our drawing, our menus and answers to refused links.
import { describeType } from '@facewright/core';
import { LGraphCanvas, type LGraph, type LGraphNode } from 'litegraph.js';
import { cut } from './draw.ts';
import { GraphNode, dependsOn } from './graph-node.ts';
import { label } from './label.ts';
import { linkAnswer, portOfSlot } from './slot-types.ts';
import { font, theme } from './theme.ts';

type PointerLike = PointerEvent & { canvasX: number; canvasY: number };
/** The end that a link is being dragged from. */
export interface DragEnd {
  readonly node: GraphNode;
  readonly port: string;
  readonly side: 'output' | 'input';
}
export interface CanvasHooks {
  /** Dragging over something: why it may not be joined, or null. Called on every move while a link is dragged. */
  linkAnswer(reason: string | null, x: number, y: number): void;
  linkRefused(reason: string): void;
  linkDroppedOnNothing(from: DragEnd, x: number, y: number): void;
  emptyDoubleClicked(x: number, y: number): void;
  titleDoubleClicked(node: GraphNode): void;
  /** A subgraph was double-clicked, or what opens it was clicked. */
  opened(node: GraphNode): void;
  menu(node: GraphNode | null, x: number, y: number): void;
  hovered(node: GraphNode | null, port: string | null, x: number, y: number): void;
}

export class StudioCanvas extends LGraphCanvas {
  /** Absent while the base class constructs itself. */
  hooks?: CanvasHooks;
  #pressed: { readonly downX: number; readonly downY: number } | null = null;

  constructor(canvas: HTMLCanvasElement, graph: LGraph, hooks: CanvasHooks) {
    super(canvas, graph);
    this.hooks = hooks;
    this.background_image = '';
    this.clear_background_color = theme.canvas;
    this.show_info = false;
    this.render_canvas_border = false;
    this.render_connections_border = false;
    this.render_link_tooltip = false;
    this.connections_width = 2.5;
    this.low_quality_zoom_threshold = 0.28;
    this.ds.min_scale = 0.08;
    this.ds.max_scale = 3;
    this.onDrawBackground = (ctx, area) => this.#drawDots(ctx, area as Float64Array);
    this.linkConnector.events.addEventListener('dropped-on-canvas', (event) => {
      const from = this.#dragEnd();
      const moved = this.linkConnector.state.draggingExistingLinks;
      const { clientX, clientY } = event.detail as unknown as PointerEvent;
      if (from && !moved) this.hooks?.linkDroppedOnNothing(from, clientX, clientY);
    });
  }

  #drawDots(ctx: CanvasRenderingContext2D, area: Float64Array): void {
    const step = this.ds.scale < 0.5 ? 80 : 40;
    const [left = 0, top = 0, width = 0, height = 0] = area;
    const dot = 1.6 / Math.max(this.ds.scale, 0.4);
    ctx.fillStyle = theme.dot;
    for (let x = Math.floor(left / step) * step; x < left + width; x += step)
      for (let y = Math.floor(top / step) * step; y < top + height; y += step) ctx.fillRect(x - dot / 2, y - dot / 2, dot, dot);
  }
  override drawGroups(_: HTMLCanvasElement, ctx: CanvasRenderingContext2D): void {
    for (const group of this.graph?.groups ?? []) {
      const [x = 0, y = 0] = group.pos;
      const [width = 0, height = 0] = group.size;
      ctx.fillStyle = ctx.strokeStyle = group.color ?? theme.faint;
      ctx.lineWidth = group.selected ? 2 : 1;
      ctx.beginPath();
      ctx.roundRect(x, y, width, height, 14);
      ctx.globalAlpha = 0.13;
      ctx.fill();
      ctx.globalAlpha = group.selected ? 1 : 0.45;
      ctx.stroke();
      ctx.globalAlpha = 1;
      // Readable from afar: the frames are the table of contents of a large graph.
      const size = Math.min(40, Math.max(15, 12 / this.ds.scale));
      ctx.font = font(size, 600);
      ctx.textAlign = 'left';
      ctx.textBaseline = 'alphabetic';
      ctx.fillStyle = theme.soft;
      ctx.fillText(cut(ctx, group.title, width - 16), x + 4, y - size * 0.45);
    }
    ctx.globalAlpha = this.editor_alpha;
  }
  override drawNodeShape(node: LGraphNode, ctx: CanvasRenderingContext2D): void {
    if (node instanceof GraphNode) node.drawBody(ctx, this.ds.scale, this.low_quality);
  }

  #dragEnd(): DragEnd | null {
    const link = this.linkConnector.renderLinks[0];
    if (!link || !(link.node instanceof GraphNode)) return null;
    return { node: link.node, port: link.fromSlot.name, side: this.linkConnector.state.connectingTo === 'input' ? 'output' : 'input' };
  }
  /** Why a link dragged to here would not be made; null over nothing, over its own node and where it may. */
  #refusalAt(x: number, y: number): string | null {
    const from = this.#dragEnd();
    const node = this.graph?.getNodeOnPos(x, y);
    const slot = this.linkConnector.renderLinks[0]?.fromSlot;
    if (!from || !slot || !(node instanceof GraphNode)) return null;
    if (node === from.node) return null;
    const [source, target] = from.side === 'output' ? [from.node, node] : [node, from.node];
    if (dependsOn(source, target)) return `That would be a loop: ${source.shownTitle} already needs ${target.shownTitle}.`;
    const widget = node.getWidgetOnPos(x, y, true);
    const over =
      from.side === 'output'
        ? (node.getInputOnPos([x, y]) ?? node.inputs.find(({ name }) => name === widget?.name))
        : node.getOutputOnPos([x, y]);
    if (over) {
      const answer = from.side === 'output' ? linkAnswer(slot.type, over.type) : linkAnswer(over.type, slot.type);
      return answer === true ? null : `${node.shownTitle}, ${label(over.name)}: ${answer}`;
    }
    const fits = from.side === 'output' ? node.findInputByType(slot.type) : node.findOutputByType(slot.type);
    const type = portOfSlot(slot.type);
    if (fits) return null;
    return `${node.shownTitle} has no ${from.side === 'output' ? 'input' : 'output'} for ${type ? describeType(type) : 'a missing port'}.`;
  }

  override processMouseDown(event: PointerEvent): void {
    this.#pressed = { downX: event.clientX, downY: event.clientY };
    super.processMouseDown(event);
  }
  override processMouseMove(event: PointerEvent): void {
    super.processMouseMove(event);
    const { canvasX, canvasY } = event as PointerLike;
    if (this.linkConnector.isConnecting) {
      this.hooks?.linkAnswer(this.#refusalAt(canvasX, canvasY), event.clientX, event.clientY);
      return;
    }
    const node = this.pointer.isDown ? null : this.graph?.getNodeOnPos(canvasX, canvasY, this.visible_nodes);
    if (!(node instanceof GraphNode)) {
      this.hooks?.hovered(null, null, event.clientX, event.clientY);
      return;
    }
    const input = node.inputs[node.mouseOver?.inputId ?? -1]?.name;
    const output = node.outputs[node.mouseOver?.outputId ?? -1]?.name;
    this.hooks?.hovered(node, input ?? output ?? node.mouseOver?.overWidget?.name ?? null, event.clientX, event.clientY);
  }
  override processMouseOut(event: PointerEvent): void {
    super.processMouseOut(event);
    this.hooks?.hovered(null, null, event.clientX, event.clientY);
  }
  override processMouseUp(event: PointerEvent): void {
    const { downX, downY } = this.#pressed ?? {};
    const still = downX === event.clientX && downY === event.clientY;
    this.#pressed = null;
    let refusal: string | null = null;
    if (this.linkConnector.isConnecting) {
      this.adjustMouseEvent(event);
      refusal = this.#refusalAt((event as PointerLike).canvasX, (event as PointerLike).canvasY);
      this.hooks?.linkAnswer(null, 0, 0);
    }
    super.processMouseUp(event);
    if (refusal) this.hooks?.linkRefused(refusal);
    const { canvasX, canvasY } = event as PointerLike;
    const node = still && event.button === 0 ? this.graph?.getNodeOnPos(canvasX, canvasY) : null;
    if (node instanceof GraphNode && node.isOpener(canvasX - (node.pos[0] ?? 0), canvasY - (node.pos[1] ?? 0))) this.hooks?.opened(node);
  }
  override showSearchBox(event: MouseEvent): HTMLDivElement {
    this.hooks?.emptyDoubleClicked(event.clientX, event.clientY);
    return document.createElement('div');
  }
  override processNodeDblClicked(node: LGraphNode): void {
    if (!(node instanceof GraphNode)) return;
    const [x = 0, y = 0] = this.graph_mouse;
    const inTitle = y < (node.pos[1] ?? 0);
    if (inTitle && !node.isOpener(x - (node.pos[0] ?? 0), y - (node.pos[1] ?? 0))) this.hooks?.titleDoubleClicked(node);
    else if (!inTitle && node.isSubgraph && !node.getWidgetOnPos(x, y, true)) this.hooks?.opened(node);
  }
  override processContextMenu(node: LGraphNode | undefined, event: MouseEvent): void {
    this.hooks?.menu(node instanceof GraphNode ? node : null, event.clientX, event.clientY);
  }
  override showLinkMenu(segment: { readonly id: number | string }): boolean {
    this.graph?.removeLink(Number(segment.id));
    return false;
  }
  /** Keys are the editor's; the canvas keeps holding space to move the view, and Escape while a link is dragged. */
  override processKey(event: KeyboardEvent): void {
    if (event.key === ' ' || (event.key === 'Escape' && this.linkConnector.isConnecting) || event.key === 'Shift') super.processKey(event);
  }
}
