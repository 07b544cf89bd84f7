// A node on the canvas: its slots follow the catalogue, its values are kept by name, and it draws itself.
import {
  isSubgraphType,
  isWidget,
  type NodeDescription,
  type NodeInstance,
  type PortDescription,
  type PortKind,
  type PortType,
} from '@facewright/core';
import { LGraphNode, type LGraphCanvas } from 'litegraph.js';
import { smallPictureUrl } from '../api/http.ts';
import { differs } from '../fields/field-values.ts';
import { cut } from './draw.ts';
import { label } from './label.ts';
import { plainLook, type NodeLook } from './node-look.ts';
import { portColour, missingColour } from './port-colours.ts';
import { PortWidget } from './port-widget.ts';
import { PreviewWell, wellKind } from './preview-well.ts';
import { linkAnswer, missingSlot, portOfSlot, slotType, trustLinks } from './slot-types.ts';
import { font, theme } from './theme.ts';

/** What a slot is drawn with; litegraph's slots satisfy it. */
interface DrawnSlot {
  readonly name: string;
  readonly type: number | string;
  readonly link?: number | null;
  readonly links?: number[] | null;
  /** Where it is not that of the type: what a link brings to a port that takes anything. */
  readonly color_on?: string | CanvasGradient | CanvasPattern;
}
/** litegraph has both null and undefined for an input without a link, and a list of links on outputs. */
export const isLinked = ({ link, links }: Pick<DrawnSlot, 'link' | 'links'>): boolean => typeof link === 'number' || Boolean(links?.length);
type InputSlot = LGraphNode['inputs'][number];
type OutputSlot = LGraphNode['outputs'][number];

/** What a node asks of the editor. */
export interface NodeHooks {
  valueChanged(node: GraphNode, port: string, value: unknown): void;
  /** A field was clicked: open it for typing. */
  editField(node: GraphNode, port: PortDescription): void;
}

export interface ExposedPorts {
  readonly inputs: ReadonlyMap<string, string>;
  readonly outputs: ReadonlyMap<string, string>;
}
const nothingExposed: ExposedPorts = { inputs: new Map(), outputs: new Map() };

export class GraphNode extends LGraphNode {
  readonly hooks: NodeHooks;
  readonly description: NodeDescription | undefined;
  /** As it was in the document: what the canvas does not show is written back unchanged. */
  readonly instance: NodeInstance;
  values: Record<string, unknown>;
  customTitle: string | undefined;
  /** Set once a person drags the corner; before that the size follows the content. */
  userSize: readonly [number, number] | undefined;
  look: NodeLook = plainLook;
  /** Muted or bypassed; litegraph has a `mode` of its own. */
  studioMode: NodeInstance['mode'];
  repeat: NodeInstance['repeat'];
  /** Names under which inputs and outputs are seen outside the subgraph that the node stands in. */
  exposed: ExposedPorts = nothingExposed;
  readonly fields: ReadonlyMap<string, PortDescription>;
  readonly #advanced: boolean;

  constructor(id: string, instance: NodeInstance, description: NodeDescription | undefined, hooks: NodeHooks) {
    super(instance.title ?? description?.title ?? instance.type, instance.type);
    this.id = id;
    this.hooks = hooks;
    this.instance = instance;
    this.description = description;
    this.values = { ...instance.values };
    this.customTitle = instance.title;
    this.userSize = instance.size;
    this.studioMode = instance.mode;
    this.repeat = instance.repeat;
    this.#advanced = (description?.inputs ?? []).some(({ advanced }) => advanced);
    this.fields = new Map((description?.inputs ?? []).filter(({ type }) => isWidget(type)).map((port) => [port.name, port]));
    this.serialize_widgets = false;
    for (const { name, type } of description?.inputs ?? []) {
      if (isWidget(type)) this.addInput(name, slotType(type), { widget: { name } });
      else this.addInput(name, slotType(type));
    }
    for (const { name, type } of description?.outputs ?? []) this.addOutput(name, slotType(type));
    for (const port of this.fields.values()) this.addCustomWidget(new PortWidget(this, port));
    const well = description && wellKind(description);
    if (well) this.addCustomWidget(new PreviewWell(this, well));
    this.size = this.userSize ? [...this.userSize] : this.computeSize();
  }

  get isSubgraph(): boolean {
    return isSubgraphType(this.type);
  }
  /** How strongly it is drawn: what does not run steps back. */
  get strength(): number {
    return this.studioMode === 'muted' || this.look.skipped !== '' ? 0.4 : 1;
  }
  get shownTitle(): string {
    return this.customTitle ?? this.description?.title ?? this.type;
  }
  /** The value of an input as it would be used, short of a link: typed, or the default. */
  fieldValue(name: string): unknown {
    return this.values[name] ?? this.fields.get(name)?.default;
  }
  /** An advanced field is on the node only while it says something: a link, or another value than its default. */
  shows({ name, advanced, default: usual }: PortDescription): boolean {
    return !advanced || this.#isLinkedInput(name) || this.exposed.inputs.has(name) || differs(this.values[name], usual);
  }
  /** False for the slot of a field that is not shown. */
  #showsSlot({ name, widget }: Pick<InputSlot, 'name' | 'widget'>): boolean {
    const field = widget && this.fields.get(name);
    return !field || this.shows(field);
  }
  #isLinkedInput(name: string): boolean {
    return this.inputs.some((slot) => slot.name === name && isLinked(slot));
  }
  /** The picture that the node would read, as a list of at most one URL: it is seen before anything has run. */
  pictureRead(): readonly string[] {
    const port = [...this.fields.values()].find(({ type }) => type.kind === 'path' && type.picture);
    const path = port && !this.#isLinkedInput(port.name) ? this.fieldValue(port.name) : undefined;
    return typeof path === 'string' && path !== '' ? [smallPictureUrl(path)] : [];
  }
  /** Declared inputs that have neither a link, a value nor a default, and that nothing outside a subgraph can feed. */
  unfilled(): ReadonlySet<string> {
    return new Set(
      (this.description?.inputs ?? [])
        .filter(
          (port) =>
            !port.optional &&
            port.default === undefined &&
            this.values[port.name] === undefined &&
            !this.#isLinkedInput(port.name) &&
            !this.exposed.inputs.has(port.name),
        )
        .map(({ name }) => name),
    );
  }
  /** Index of an input; one that nobody declares is added, so that a saved link to it is not lost. */
  inputIndex(name: string): number {
    const index = this.inputs.findIndex((slot) => slot.name === name);
    if (index >= 0) return index;
    this.addInput(name, missingSlot);
    return this.inputs.length - 1;
  }
  outputIndex(name: string): number {
    const index = this.outputs.findIndex((slot) => slot.name === name);
    if (index >= 0) return index;
    this.addOutput(name, missingSlot);
    return this.outputs.length - 1;
  }

  override computeSize(out?: Float32Array): [number, number] {
    const size = super.computeSize(out) as unknown as [number, number];
    size[0] = Math.max(theme.minWidth, Math.min(size[0], 290));
    // A missing node shows two lines of text.
    if (!this.description) size[1] += 44;
    return size;
  }
  override isWidgetVisible(widget: Parameters<LGraphNode['isWidgetVisible']>[0]): boolean {
    return super.isWidgetVisible(widget) && !(widget instanceof PortWidget && !this.shows(widget.port));
  }
  /** What is not shown is nowhere, so that no link can be dropped on it by chance. */
  override getInputSlotPos(slot: InputSlot): [number, number] {
    return this.#showsSlot(slot) ? (super.getInputSlotPos(slot) as unknown as [number, number]) : [-1e7, -1e7];
  }
  /** A link may bring an advanced field onto the node, or take it off. */
  override onConnectionsChange(): void {
    if (this.#advanced) this.fitContent();
  }
  fitContent(): void {
    const [width, height] = this.computeSize();
    this.setSize([Math.max(width, this.userSize?.[0] ?? 0), Math.max(height, this.userSize?.[1] ?? 0)]);
  }
  override onResize(size: ArrayLike<number>): void {
    if ((this.graph?.list_of_graphcanvas ?? []).some((canvas: LGraphCanvas) => canvas.resizing_node === this))
      this.userSize = [size[0] ?? 0, size[1] ?? 0];
  }

  // Deleting a node deletes its links; nothing is joined behind a person's back.
  override connectInputToOutput(): undefined {
    return undefined;
  }
  override isPointInCollapse(): boolean {
    return false;
  }
  override canConnectTo(node: LGraphNode, toSlot: InputSlot, fromSlot: OutputSlot): boolean {
    return super.canConnectTo(node, toSlot, fromSlot) && !dependsOn(this, node);
  }
  /** Dropped anywhere on the node: the first free input that may take it, else the first that may. */
  override findInputByType(type: number | string): { index: number; slot: InputSlot } | undefined {
    const fitting = [...this.inputs.entries()].filter(([, slot]) => linkAnswer(type, slot.type) === true);
    const [index, slot] =
      fitting.find(([, slot]) => !isLinked(slot) && !slot.widget) ?? fitting.find(([, { widget }]) => !widget) ?? fitting[0] ?? [];
    return index === undefined || !slot ? undefined : { index, slot };
  }
  override findOutputByType(type: number | string): { index: number; slot: OutputSlot } | undefined {
    const [index, slot] = [...this.outputs.entries()].find(([, output]) => linkAnswer(output.type, type) === true) ?? [];
    return index === undefined || !slot ? undefined : { index, slot };
  }
  /** A link made from a document, as it stands there. */
  connectAsSaved(output: string, target: GraphNode, input: string): boolean {
    const from = this.outputs[this.outputIndex(output)];
    const to = target.inputs[target.inputIndex(input)];
    return Boolean(from && to && !isLinked(to) && trustLinks(() => this.connectSlots(from, target, to, undefined)));
  }

  /** `scale` is that of the view: from afar the title is written larger, and what nobody could read is left out. */
  drawBody(ctx: CanvasRenderingContext2D, scale: number, lowQuality: boolean): void {
    const [width, height] = this.size as unknown as [number, number];
    const { titleHeight, radius } = theme;
    const { status } = this.look;
    const missing = !this.description;
    const bypassed = this.studioMode === 'bypassed';
    ctx.globalAlpha = this.strength;
    if (this.isSubgraph) drawSheets(ctx, width, height);
    ctx.save();
    ctx.shadowColor = 'rgba(0, 0, 0, 0.35)';
    ctx.shadowBlur = lowQuality ? 0 : 14;
    ctx.shadowOffsetY = lowQuality ? 0 : 4;
    ctx.beginPath();
    ctx.roundRect(0, -titleHeight, width, height + titleHeight, radius);
    ctx.fillStyle = missing ? '#2a1d22' : bypassed ? theme.bypassedBody : theme.body;
    ctx.fill();
    ctx.restore();
    ctx.beginPath();
    ctx.roundRect(0, -titleHeight, width, titleHeight, [radius, radius, 0, 0]);
    ctx.fillStyle = missing ? '#43242b' : bypassed ? theme.bypassedHeader : theme.header;
    ctx.fill();

    const outline = edgeOf(this);
    ctx.beginPath();
    ctx.roundRect(-0.5, -titleHeight - 0.5, width + 1, height + titleHeight + 1, radius);
    ctx.strokeStyle = outline.colour;
    ctx.lineWidth = outline.width;
    if (missing || bypassed) ctx.setLineDash([6, 4]);
    ctx.stroke();
    ctx.setLineDash([]);
    if (this.selected) {
      ctx.beginPath();
      ctx.roundRect(-4.5, -titleHeight - 4.5, width + 9, height + titleHeight + 9, radius + 4);
      ctx.strokeStyle = theme.accent;
      ctx.lineWidth = 1.5;
      ctx.stroke();
    }
    if (status === 'running') drawProgress(ctx, this.look.progress, width);
    const titleSize = Math.min(24, Math.max(13, 10 / scale));
    const middle = -titleHeight / 2;
    ctx.textBaseline = 'middle';
    ctx.textAlign = 'right';
    ctx.font = font(11, 500);
    const clock = scale < 0.45 ? '' : this.#note();
    const clockWidth = clock ? ctx.measureText(clock).width + 12 : 0;
    ctx.fillStyle = statusColour(status) ?? theme.soft;
    const right = this.isSubgraph ? OPENER : 0;
    if (this.isSubgraph) drawOpener(ctx, width - 12 - OPENER / 2, middle);
    if (clock) ctx.fillText(clock, width - 12 - right, middle + 0.5);
    ctx.textAlign = 'left';
    drawMark(ctx, status, this.categoryColour(), middle);
    ctx.font = font(titleSize, 600);
    ctx.fillStyle = theme.text;
    ctx.fillText(cut(ctx, this.shownTitle, width - 36 - clockWidth - right), 28, middle + titleSize / 26);
    if (lowQuality) {
      ctx.textBaseline = 'alphabetic';
      return;
    }
    if (missing) {
      ctx.font = font(11.5);
      ctx.fillStyle = missingColour;
      ctx.fillText('Missing node type', 12, height - 36);
      ctx.fillStyle = theme.soft;
      ctx.fillText(cut(ctx, this.type, width - 24), 12, height - 18);
    }
    drawMessage(ctx, this, width, height);
    ctx.textBaseline = 'alphabetic';
  }
  /** On the right of the title: why it does not run, how often it does, how far it is. */
  #note(): string {
    if (this.studioMode) return this.studioMode;
    if (this.look.skipped) return 'skipped';
    const times = this.repeat && `× ${this.repeat.times}`;
    return [times, this.look.clock].filter(Boolean).join('  ');
  }
  /** A point of the title that opens the subgraph; coordinates from the left top corner of the body. */
  isOpener(x: number, y: number): boolean {
    return this.isSubgraph && y < 0 && x > (this.size[0] ?? 0) - OPENER - 18;
  }
  /** The colour of what a node makes tells its family apart at a glance. */
  categoryColour(): string {
    const type: PortType | undefined = this.description?.outputs[0]?.type ?? this.description?.inputs[0]?.type;
    return type ? portColour(type) : missingColour;
  }

  override drawSlots(ctx: CanvasRenderingContext2D, { fromSlot, lowQuality }: Parameters<LGraphNode['drawSlots']>[1]): void {
    const origin = (fromSlot as { node?: LGraphNode } | undefined)?.node;
    const wantsInput = fromSlot !== undefined && 'links' in fromSlot;
    const unfilled = this.unfilled();
    ctx.font = font(12);
    ctx.textBaseline = 'middle';
    for (const [i, slot] of this.inputs.entries()) {
      if (!this.#showsSlot(slot)) continue;
      const fits = !fromSlot || (wantsInput && origin !== undefined && origin.canConnectTo(this, slot, fromSlot as OutputSlot));
      const hovered = this.mouseOver?.inputId === i || (slot.widget !== undefined && this.mouseOver?.overWidget?.name === slot.name);
      const [x, y] = this.getInputPos(i) as unknown as [number, number];
      const outside = this.exposed.inputs.get(slot.name);
      const type = portOfSlot(slot.type);
      ctx.globalAlpha = this.strength;
      if (outside !== undefined && !lowQuality)
        drawTag(ctx, outside, x - (this.pos[0] ?? 0), y - (this.pos[1] ?? 0), 'left', type ? portColour(type) : missingColour);
      if (slot.widget && !isLinked(slot) && outside === undefined && !(fromSlot ? fits : hovered)) continue;
      const lacking = unfilled.has(slot.name) || this.look.problems.has(slot.name);
      const port = this.description?.inputs.find(({ name }) => name === slot.name);
      const optional = port?.optional ?? false;
      drawSlot(ctx, slot, x - (this.pos[0] ?? 0), y - (this.pos[1] ?? 0), {
        alpha: fits ? this.strength : 0.22,
        grow: fits && hovered,
        lacking,
        hollow: optional,
        list: port?.many === true,
      });
      if (slot.widget || lowQuality) continue;
      ctx.textAlign = 'left';
      ctx.fillStyle = lacking ? theme.bad : optional ? theme.soft : theme.text;
      ctx.fillText(label(slot.name), x - (this.pos[0] ?? 0) + 13, y - (this.pos[1] ?? 0) + 0.5);
    }
    for (const [i, slot] of this.outputs.entries()) {
      const fits =
        !fromSlot || fromSlot === slot || (!wantsInput && origin !== undefined && this.canConnectTo(origin, fromSlot as InputSlot, slot));
      const [x, y] = this.getOutputPos(i) as unknown as [number, number];
      const outside = this.exposed.outputs.get(slot.name);
      const type = portOfSlot(slot.type);
      ctx.globalAlpha = this.strength;
      if (outside !== undefined && !lowQuality)
        drawTag(ctx, outside, x - (this.pos[0] ?? 0), y - (this.pos[1] ?? 0), 'right', type ? portColour(type) : missingColour);
      drawSlot(ctx, slot, x - (this.pos[0] ?? 0), y - (this.pos[1] ?? 0), {
        alpha: fits ? this.strength : 0.22,
        grow: fits && this.mouseOver?.outputId === i,
        lacking: false,
        hollow: false,
        list: this.description?.outputs.find(({ name }) => name === slot.name)?.each === true,
      });
      if (lowQuality) continue;
      ctx.textAlign = 'right';
      ctx.fillStyle = theme.text;
      ctx.fillText(label(slot.name), x - (this.pos[0] ?? 0) - 13, y - (this.pos[1] ?? 0) + 0.5);
    }
    ctx.globalAlpha = 1;
    ctx.textAlign = 'left';
    ctx.textBaseline = 'alphabetic';
  }
}

/** True when `node` needs, directly or not, what `source` makes. */
export function dependsOn(node: LGraphNode, source: LGraphNode): boolean {
  const seen = new Set<LGraphNode>();
  const open = [node];
  for (let next = open.pop(); next; next = open.pop()) {
    if (next === source) return true;
    if (seen.has(next)) continue;
    seen.add(next);
    for (let i = 0; i < next.inputs.length; i++) {
      const feeding = next.getInputNode(i);
      if (feeding) open.push(feeding);
    }
  }
  return false;
}

export function statusColour(status: NodeLook['status']): string | null {
  switch (status) {
    case 'running':
      return theme.accent;
    case 'done':
      return theme.good;
    case 'cached':
      return theme.cached;
    case 'failed':
      return theme.bad;
    case 'queued':
    case 'blocked':
    case 'stopped':
    case null:
      return null;
  }
}

function edgeOf({ look, description, studioMode }: GraphNode): { readonly colour: string; readonly width: number } {
  if (look.status === 'failed' || look.problems.size) return { colour: theme.bad, width: 1.5 };
  if (!description) return { colour: missingColour, width: 1.5 };
  if (studioMode === 'bypassed') return { colour: theme.bypassed, width: 1.5 };
  if (look.status === 'running') return { colour: theme.accent, width: 1.5 };
  return { colour: theme.edge, width: 1 };
}

/** Room for what opens a subgraph, in its title. */
const OPENER = 22;
function drawOpener(ctx: CanvasRenderingContext2D, x: number, y: number): void {
  ctx.strokeStyle = theme.soft;
  ctx.lineWidth = 1.6;
  ctx.beginPath();
  ctx.roundRect(x - 6, y - 5, 9, 9, 2);
  ctx.moveTo(x - 1, y);
  ctx.lineTo(x + 7, y - 7);
  ctx.moveTo(x + 2.5, y - 7);
  ctx.lineTo(x + 7, y - 7);
  ctx.lineTo(x + 7, y - 2.5);
  ctx.stroke();
}
/** A subgraph lies on others, as sheets of paper do. */
function drawSheets(ctx: CanvasRenderingContext2D, width: number, height: number): void {
  const { titleHeight, radius } = theme;
  ctx.strokeStyle = theme.edge;
  ctx.fillStyle = theme.header;
  ctx.lineWidth = 1;
  for (const shift of [8, 4]) {
    ctx.beginPath();
    ctx.roundRect(shift, -titleHeight + shift, width, height + titleHeight, radius);
    ctx.fill();
    ctx.stroke();
  }
}
/** The name of a port of the subgraph, beside the slot that it leads to. */
function drawTag(ctx: CanvasRenderingContext2D, name: string, x: number, y: number, side: 'left' | 'right', colour: string): void {
  ctx.font = font(11, 550);
  ctx.textBaseline = 'middle';
  const width = ctx.measureText(label(name)).width + 16;
  const left = side === 'left' ? x - 18 - width : x + 18;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.6;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(side === 'left' ? left + width : left, y);
  ctx.stroke();
  ctx.beginPath();
  ctx.roundRect(left, y - 10, width, 20, 10);
  ctx.fillStyle = theme.body;
  ctx.fill();
  ctx.stroke();
  ctx.textAlign = 'center';
  ctx.fillStyle = theme.text;
  ctx.fillText(label(name), left + width / 2, y + 0.5);
  ctx.font = font(12);
}

function drawProgress(ctx: CanvasRenderingContext2D, progress: number | null, width: number): void {
  ctx.fillStyle = 'rgba(255, 177, 122, 0.18)';
  ctx.fillRect(0, -3, width, 3);
  ctx.fillStyle = theme.accent;
  ctx.fillRect(0, -3, width * (progress ?? 0), 3);
}

function drawMark(ctx: CanvasRenderingContext2D, status: NodeLook['status'], category: string, y: number): void {
  const x = 16;
  const colour = statusColour(status);
  ctx.lineWidth = 1.8;
  ctx.strokeStyle = colour ?? theme.faint;
  ctx.fillStyle = colour ?? category;
  ctx.beginPath();
  switch (status) {
    case 'done':
    case 'cached':
      ctx.moveTo(x - 4.5, y);
      ctx.lineTo(x - 1, y + 3.5);
      ctx.lineTo(x + 5, y - 4);
      ctx.stroke();
      return;
    case 'failed':
      ctx.moveTo(x - 4, y - 4);
      ctx.lineTo(x + 4, y + 4);
      ctx.moveTo(x + 4, y - 4);
      ctx.lineTo(x - 4, y + 4);
      ctx.stroke();
      return;
    case 'blocked':
      ctx.moveTo(x - 4.5, y);
      ctx.lineTo(x + 4.5, y);
      ctx.stroke();
      return;
    case 'queued':
    case 'stopped':
      ctx.arc(x, y, 4, 0, Math.PI * 2);
      ctx.stroke();
      return;
    case 'running':
    case null:
      ctx.arc(x, y, 4, 0, Math.PI * 2);
      ctx.fill();
  }
}

function drawMessage(ctx: CanvasRenderingContext2D, { look }: GraphNode, width: number, height: number): void {
  const text = look.message || look.problems.get('') || '';
  if (!text) return;
  ctx.font = font(11.5, 500);
  const shown = cut(ctx, text, width - 20);
  ctx.fillStyle = '#4a2329';
  ctx.beginPath();
  ctx.roundRect(0, height + 6, width, 24, 6);
  ctx.fill();
  ctx.fillStyle = '#ffc2c2';
  ctx.fillText(shown, 10, height + 18.5);
}

/** Lists, and ports that give or take all items of one, are drawn square, single values round. */
const listKinds: ReadonlySet<PortKind> = new Set(['images', 'pairs', 'faces', 'models', 'variants', 'metrics']);
function drawSlot(
  ctx: CanvasRenderingContext2D,
  slot: DrawnSlot,
  x: number,
  y: number,
  {
    alpha,
    grow,
    lacking,
    hollow,
    list,
  }: { readonly alpha: number; readonly grow: boolean; readonly lacking: boolean; readonly hollow: boolean; readonly list: boolean },
): void {
  const type = portOfSlot(slot.type);
  const connected = isLinked(slot);
  ctx.globalAlpha = alpha;
  ctx.fillStyle = ctx.strokeStyle = slot.color_on ?? (type ? portColour(type) : missingColour);
  ctx.lineWidth = 1.8;
  ctx.beginPath();
  if (list || (type && listKinds.has(type.kind))) ctx.roundRect(x - 4, y - 4, 8, 8, 2);
  else ctx.arc(x, y, grow ? 6 : 4.5, 0, Math.PI * 2);
  if (hollow && !connected) {
    ctx.save();
    ctx.fillStyle = theme.body;
    ctx.fill();
    ctx.restore();
    ctx.stroke();
  } else ctx.fill();
  if (!lacking) return;
  ctx.strokeStyle = theme.bad;
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.arc(x, y, 8, 0, Math.PI * 2);
  ctx.stroke();
}
