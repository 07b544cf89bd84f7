// Small drawing helpers: cut text, a wrapped paragraph, a fitted picture, a sparkline.

const widths = new Map<string, number>();
function widthOf(ctx: CanvasRenderingContext2D, text: string): number {
  const key = `${ctx.font}|${text}`;
  let width = widths.get(key);
  if (width === undefined) {
    if (widths.size > 5000) widths.clear();
    width = ctx.measureText(text).width;
    widths.set(key, width);
  }
  return width;
}

/** The longest beginning (or end) of `text` that fits, with an ellipsis when cut. */
export function cut(ctx: CanvasRenderingContext2D, text: string, width: number, keep: 'start' | 'end' = 'start'): string {
  if (widthOf(ctx, text) <= width) return text;
  let low = 0;
  let high = text.length;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const part = keep === 'start' ? `${text.slice(0, middle)}…` : `…${text.slice(-middle)}`;
    if (widthOf(ctx, part) <= width) low = middle;
    else high = middle - 1;
  }
  return keep === 'start' ? `${text.slice(0, low)}…` : `…${text.slice(text.length - low)}`;
}

/** At most `lines` lines broken at spaces; the last one is cut. */
export function wrap(ctx: CanvasRenderingContext2D, text: string, width: number, lines: number): string[] {
  const out: string[] = [];
  const paragraphs = text.split('\n');
  for (const [index, paragraph] of paragraphs.entries()) {
    let line = '';
    const words = paragraph.split(' ');
    for (const [at, word] of words.entries()) {
      const longer = line === '' ? word : `${line} ${word}`;
      if (line === '' || widthOf(ctx, longer) <= width) {
        line = longer;
        continue;
      }
      if (out.length === lines - 1) return [...out, cut(ctx, `${line} ${words.slice(at).join(' ')}`, width)];
      out.push(cut(ctx, line, width));
      line = word;
    }
    const last = out.length === lines - 1 && index < paragraphs.length - 1;
    out.push(cut(ctx, last ? `${line} …` : line, width));
    if (out.length === lines) return out;
  }
  return out;
}

/** Draws the picture to cover a rounded rectangle, cropped in the middle. */
export function cover(ctx: CanvasRenderingContext2D, image: HTMLImageElement, x: number, y: number, width: number, height: number): void {
  const scale = Math.max(width / image.naturalWidth, height / image.naturalHeight);
  const w = width / scale;
  const h = height / scale;
  ctx.save();
  ctx.beginPath();
  ctx.roundRect(x, y, width, height, 5);
  ctx.clip();
  // Toy pictures are 64 pixels wide: smooth them down, show their pixels up.
  ctx.imageSmoothingEnabled = scale < 2;
  ctx.drawImage(image, (image.naturalWidth - w) / 2, (image.naturalHeight - h) / 2, w, h, x, y, width, height);
  ctx.restore();
}

/** A line through the values, scaled to fill the box; at most `width` points are drawn. */
export function sparkline(
  ctx: CanvasRenderingContext2D,
  values: readonly number[],
  x: number,
  y: number,
  width: number,
  height: number,
): void {
  const finite = values.filter(Number.isFinite);
  if (finite.length < 2) return;
  const step = Math.max(1, Math.floor(finite.length / width));
  const shown = finite.filter((_, i) => i % step === 0 || i === finite.length - 1);
  const low = shown.reduce((a, b) => Math.min(a, b));
  const span = shown.reduce((a, b) => Math.max(a, b)) - low || 1;
  ctx.beginPath();
  shown.forEach((value, i) => ctx.lineTo(x + (i / (shown.length - 1)) * width, y + height - ((value - low) / span) * height));
  ctx.stroke();
}
