// What was painted, as strokes in pixels of the picture: small, so that it is drawn at any size and undone at once.

export interface Point {
  readonly x: number;
  readonly y: number;
}
export interface Stroke {
  readonly kind: 'stroke';
  readonly erase: boolean;
  /** Width of the brush, pixels of the picture. */
  readonly size: number;
  readonly points: readonly Point[];
}
export type Change = Stroke | { readonly kind: 'clear' } | { readonly kind: 'invert' };
type Context = CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D;

const between = (a: Point, b: Point): Point => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** The newest piece of a growing stroke: a curve from the middle of one pair of points to that of the next. */
export function drawLast(ctx: Context, { points, ...brush }: Stroke): void {
  const [before, corner, last] = points.slice(-3);
  if (!before || !corner || !last) return drawChange(ctx, { ...brush, points }, 0, 0);
  dip(ctx, brush);
  ctx.beginPath();
  const from = between(before, corner);
  const to = between(corner, last);
  ctx.moveTo(from.x, from.y);
  ctx.quadraticCurveTo(corner.x, corner.y, to.x, to.y);
  ctx.lineTo(last.x, last.y);
  ctx.stroke();
}

function dip(ctx: Context, { erase, size }: Pick<Stroke, 'erase' | 'size'>): void {
  ctx.globalCompositeOperation = erase ? 'destination-out' : 'source-over';
  ctx.lineWidth = size;
  ctx.lineCap = ctx.lineJoin = 'round';
}

/** Applies a change to a mask of `width` by `height` pixels, whose opacity is what is marked; `ctx` scales pixels of the picture to its own. */
export function drawChange(ctx: Context, change: Change, width: number, height: number): void {
  if (change.kind === 'clear') ctx.clearRect(0, 0, width, height);
  else if (change.kind === 'invert') {
    // The new colour stays only where there was none, by as much as was missing.
    ctx.globalCompositeOperation = 'source-out';
    ctx.fillRect(0, 0, width, height);
  } else {
    const { points } = change;
    const [first] = points;
    const last = points.at(-1);
    if (!first || !last) return;
    dip(ctx, change);
    ctx.beginPath();
    ctx.moveTo(first.x, first.y);
    points.slice(1, -1).forEach((point, i) => {
      const next = between(point, points[i + 2] ?? last);
      ctx.quadraticCurveTo(point.x, point.y, next.x, next.y);
    });
    ctx.lineTo(last.x, last.y);
    ctx.stroke();
  }
  ctx.globalCompositeOperation = 'source-over';
}

/** Nothing can be marked: nothing was there, and nothing was painted since the last time that all was cleared. */
export function isBlank(changes: readonly Change[], base: boolean): boolean {
  const since = changes.slice(changes.findLastIndex(({ kind }) => kind === 'clear') + 1);
  return (since.length < changes.length || !base) && since.every((change) => change.kind === 'stroke' && change.erase);
}
