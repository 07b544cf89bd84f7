// The place on a node for what it makes: a strip of pictures or a small curve. It is there from the start, so that nothing moves during a run.
import type { NodeDescription } from '@facewright/core';
import { BaseWidget } from 'litegraph.js';
import { cover, sparkline } from './draw.ts';
import type { GraphNode } from './graph-node.ts';
import { picture } from './picture-store.ts';
import { font, theme } from './theme.ts';

type WellKind = 'pictures' | 'curve';
/** Height at least; a node that is dragged larger gives its well the room. */
const HEIGHTS: Readonly<Record<WellKind, number>> = { pictures: 104, curve: 62 };
const GAP = 6;

/** Nodes that make or show pictures have a strip, trainers a curve, others nothing. */
export function wellKind({ inputs, outputs, output }: NodeDescription): WellKind | null {
  const kinds = (ports: NodeDescription['inputs']): boolean =>
    ports.some(({ type }) => ['image', 'images', 'faces', 'pairs', 'variants'].includes(type.kind));
  if (outputs.some(({ type }) => type.kind === 'training')) return 'curve';
  if (kinds(outputs)) return 'pictures';
  return output && kinds(inputs) && !outputs.some(({ type }) => type.kind === 'report') ? 'pictures' : null;
}

export class PreviewWell extends BaseWidget {
  readonly owner: GraphNode;
  readonly kind: WellKind;

  constructor(owner: GraphNode, kind: WellKind) {
    super({ name: ' preview', type: 'facewright-preview', options: {}, y: 0, serialize: false }, owner);
    this.owner = owner;
    this.kind = kind;
  }
  override computeLayoutSize(): { minHeight: number; minWidth: number } {
    return { minHeight: HEIGHTS[this.kind] + 12, minWidth: theme.minWidth / 2 };
  }
  override onClick(): void {}

  override drawWidget(ctx: CanvasRenderingContext2D, { width }: { width: number }): void {
    const { look } = this.owner;
    const x = theme.margin;
    const y = this.y + 3;
    const room = width - 2 * theme.margin;
    const height = Math.max(HEIGHTS[this.kind], (this.computedHeight ?? 0) - 12);
    ctx.save();
    ctx.globalAlpha = this.owner.strength;
    const pictures = look.pictures.length ? look.pictures : this.owner.pictureRead();
    const [only] = pictures;
    if (this.kind === 'curve') drawCurve(ctx, look.curve, x, y, room, height);
    else if (only !== undefined && pictures.length + look.more === 1) drawOne(ctx, only, x, y, room, height);
    else if (only !== undefined) drawPictures(ctx, pictures, look.more, x, y, room, height);
    else
      drawEmpty(
        ctx,
        look.status === 'done' || look.status === 'cached' ? 'no pictures to show' : 'pictures appear here',
        x,
        y,
        room,
        height,
      );
    ctx.restore();
  }
}

type Draw<W> = (ctx: CanvasRenderingContext2D, what: W, x: number, y: number, room: number, height: number) => void;

const drawCurve: Draw<readonly number[]> = (ctx, values, x, y, room, height) => {
  if (values.length < 2) {
    drawEmpty(ctx, 'the loss curve appears here', x, y, room, height);
    return;
  }
  drawGround(ctx, x, y, room, height);
  ctx.strokeStyle = theme.accent;
  ctx.lineWidth = 1.5;
  ctx.lineJoin = 'round';
  sparkline(ctx, values, x + 8, y + 8, room - 16, height - 16);
};

/** The whole picture, as large as fits: a live preview, or a single result. */
const drawOne: Draw<string> = (ctx, url, x, y, room, height) => {
  const image = picture(url);
  if (!image) return drawGround(ctx, x, y, room, height);
  const scale = Math.min(room / image.naturalWidth, height / image.naturalHeight);
  const w = image.naturalWidth * scale;
  const h = image.naturalHeight * scale;
  cover(ctx, image, x + (room - w) / 2, y + (height - h) / 2, w, h);
};

function drawPictures(
  ctx: CanvasRenderingContext2D,
  urls: readonly string[],
  more: number,
  x: number,
  y: number,
  room: number,
  height: number,
): void {
  // As many as fit at full height, else two beside each other.
  const side = Math.min(height, (room - GAP) / 2);
  const shown = urls.slice(0, Math.max(1, Math.floor((room + GAP) / (side + GAP))));
  shown.forEach((url, i) => {
    const left = x + i * (side + GAP);
    const image = picture(url);
    drawGround(ctx, left, y, side, side);
    if (image) cover(ctx, image, left, y, side, side);
  });
  const hidden = more + urls.length - shown.length;
  if (hidden <= 0) return;
  const right = x + shown.length * (side + GAP) - GAP;
  ctx.font = font(11, 600);
  const words = `+${hidden}`;
  const w = ctx.measureText(words).width + 10;
  ctx.fillStyle = 'rgba(10, 11, 15, 0.82)';
  ctx.beginPath();
  ctx.roundRect(right - w - 3, y + side - 20, w, 17, 5);
  ctx.fill();
  ctx.fillStyle = theme.text;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(words, right - w / 2 - 3, y + side - 11);
}

function drawGround(ctx: CanvasRenderingContext2D, x: number, y: number, width: number, height: number): void {
  ctx.fillStyle = theme.field;
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, 6);
  ctx.fill();
}

function drawEmpty(ctx: CanvasRenderingContext2D, words: string, x: number, y: number, room: number, height: number): void {
  ctx.strokeStyle = theme.fieldEdge;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.roundRect(x + 0.5, y + 0.5, room - 1, height - 1, 6);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = font(11);
  ctx.fillStyle = theme.faint;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(words, x + room / 2, y + height / 2);
}
