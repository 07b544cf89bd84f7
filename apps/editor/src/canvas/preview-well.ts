// The place on a node for what it makes: a strip of pictures or a small curve. It is there from the start, so that nothing moves during a run.
import type { NodeDescription } from '@facewright/core';
import { BaseWidget } from 'litegraph.js';
import { cover, sparkline } from './draw.ts';
import type { GraphNode } from './graph-node.ts';
import { picture } from './picture-store.ts';
import { font, theme } from './theme.ts';

type WellKind = 'pictures' | 'curve';
const SIZE = 62;
const GAP = 6;

/** Nodes that make or show pictures have a strip, trainers a curve, others nothing. */
export function wellKind({ inputs, outputs, output }: NodeDescription): WellKind | null {
  const kinds = (ports: NodeDescription['inputs']): boolean =>
    ports.some(({ type }) => ['image', 'images', 'faces', 'pairs'].includes(type.kind));
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
  override computeSize(): [number, number] {
    return [theme.minWidth, SIZE + 8];
  }
  override onClick(): void {}

  override drawWidget(ctx: CanvasRenderingContext2D, { width }: { width: number }): void {
    const { look } = this.owner;
    const x = theme.margin;
    const y = this.y + 3;
    const room = width - 2 * theme.margin;
    ctx.save();
    ctx.globalAlpha = 1;
    if (this.kind === 'curve') this.#drawCurve(ctx, look.curve, x, y, room);
    else if (look.pictures.length) this.#drawPictures(ctx, look.pictures, look.more, x, y, room);
    else drawEmpty(ctx, 'pictures appear here', x, y, room);
    ctx.restore();
  }
  #drawCurve(ctx: CanvasRenderingContext2D, values: readonly number[], x: number, y: number, room: number): void {
    if (values.length < 2) {
      drawEmpty(ctx, 'the loss curve appears here', x, y, room);
      return;
    }
    ctx.fillStyle = theme.field;
    ctx.beginPath();
    ctx.roundRect(x, y, room, SIZE, 6);
    ctx.fill();
    ctx.strokeStyle = theme.accent;
    ctx.lineWidth = 1.5;
    ctx.lineJoin = 'round';
    sparkline(ctx, values, x + 8, y + 8, room - 16, SIZE - 16);
  }
  #drawPictures(ctx: CanvasRenderingContext2D, urls: readonly string[], more: number, x: number, y: number, room: number): void {
    const fit = Math.max(1, Math.floor((room + GAP) / (SIZE + GAP)));
    const shown = urls.slice(0, fit);
    shown.forEach((url, i) => {
      const left = x + i * (SIZE + GAP);
      const image = picture(url);
      ctx.fillStyle = theme.field;
      ctx.beginPath();
      ctx.roundRect(left, y, SIZE, SIZE, 5);
      ctx.fill();
      if (image) cover(ctx, image, left, y, SIZE, SIZE);
    });
    const hidden = more + urls.length - shown.length;
    if (hidden <= 0) return;
    const left = x + (shown.length - 1) * (SIZE + GAP);
    ctx.font = font(11, 600);
    const words = `+${hidden}`;
    const w = ctx.measureText(words).width + 10;
    ctx.fillStyle = 'rgba(10, 11, 15, 0.82)';
    ctx.beginPath();
    ctx.roundRect(left + SIZE - w - 3, y + SIZE - 20, w, 17, 5);
    ctx.fill();
    ctx.fillStyle = theme.text;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'middle';
    ctx.fillText(words, left + SIZE - w / 2 - 3, y + SIZE - 11);
  }
}

function drawEmpty(ctx: CanvasRenderingContext2D, words: string, x: number, y: number, room: number): void {
  ctx.strokeStyle = theme.fieldEdge;
  ctx.lineWidth = 1;
  ctx.setLineDash([4, 4]);
  ctx.beginPath();
  ctx.roundRect(x + 0.5, y + 0.5, room - 1, SIZE - 1, 6);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = font(11);
  ctx.fillStyle = theme.faint;
  ctx.textAlign = 'center';
  ctx.textBaseline = 'middle';
  ctx.fillText(words, x + room / 2, y + SIZE / 2);
}
