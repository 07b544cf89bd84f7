// Painting a mask over a picture: the brush, what was painted with undo and redo, and the mask as a PNG.
import { drawChange, drawLast, isBlank, type Change, type Point, type Stroke } from './strokes.ts';

/** What is marked is drawn in this colour, half transparent by the style of the canvas. */
const INK = '#ff4d6d';
const [LEAST_BRUSH, BRUSH_STEP] = [1, 1.2];

export class MaskPainter {
  /** Of an image that shows the picture. */
  readonly url: string;
  readonly width: number;
  readonly height: number;
  /** Pixels of the picture. */
  brush: number;
  erasing = false;
  saving = false;
  readonly #changed: () => void;
  readonly #base: CanvasImageSource | null;
  #done: Change[] = [];
  #undone: Change[] = [];
  #stroke: (Stroke & { readonly points: Point[] }) | null = null;
  /** Where a straight line begins. */
  #last: Point | null = null;
  #view: HTMLCanvasElement | null = null;
  #follow: ResizeObserver | null = null;

  /** `base` is the mask before, its opacity what is marked; `changed` is called when there is something new to show beside the picture. */
  constructor(picture: { url: string; width: number; height: number }, base: CanvasImageSource | null, changed: () => void) {
    this.url = picture.url;
    this.width = picture.width;
    this.height = picture.height;
    this.#base = base;
    this.#changed = changed;
    this.brush = Math.max(LEAST_BRUSH, Math.round(Math.max(this.width, this.height) / 16));
  }
  get mostBrush(): number {
    return Math.max(16, Math.round(Math.max(this.width, this.height) / 3));
  }
  get canUndo(): boolean {
    return this.#done.length > 0;
  }
  get canRedo(): boolean {
    return this.#undone.length > 0;
  }
  get blank(): boolean {
    return isBlank(this.#done, this.#base !== null);
  }

  /** Given the canvas over the picture once it is in the page, and nothing when it is gone. */
  readonly view = (view: Element | undefined): void => {
    this.#follow?.disconnect();
    this.#view = view instanceof HTMLCanvasElement ? view : null;
    if (!this.#view) return;
    this.#follow = new ResizeObserver(() => this.#draw());
    this.#follow.observe(this.#view);
  };
  setBrush(size: number): void {
    this.brush = Math.max(LEAST_BRUSH, Math.min(this.mostBrush, Math.round(size)));
    this.#changed();
  }
  growBrush(): void {
    this.setBrush(Math.max(this.brush + 1, this.brush * BRUSH_STEP));
  }
  shrinkBrush(): void {
    this.setBrush(Math.min(this.brush - 1, this.brush / BRUSH_STEP));
  }
  setErasing(erasing: boolean): void {
    this.erasing = erasing;
    this.#changed();
  }
  undo(): void {
    const change = this.#done.pop();
    if (change) this.#undone.push(change);
    this.#draw();
  }
  redo(): void {
    const change = this.#undone.pop();
    if (change) this.#done.push(change);
    this.#draw();
  }
  change(kind: 'clear' | 'invert'): void {
    this.#add({ kind });
    this.#draw();
  }

  down(event: PointerEvent): void {
    if (event.button !== 0 || !this.#view) return;
    this.#view.setPointerCapture(event.pointerId);
    const point = this.#pointOf(event);
    this.#stroke = {
      kind: 'stroke',
      erase: this.erasing,
      size: this.brush,
      points: event.shiftKey && this.#last ? [this.#last, point] : [point],
    };
    this.#drawOn((ctx) => drawLast(ctx, this.#stroke as Stroke));
  }
  move(event: PointerEvent): void {
    const stroke = this.#stroke;
    if (!stroke) return;
    // Pointers are faster than frames: without the points between, quick strokes have corners.
    const events = event.getCoalescedEvents();
    for (const each of events.length ? events : [event]) {
      stroke.points.push(this.#pointOf(each));
      this.#drawOn((ctx) => drawLast(ctx, stroke));
    }
  }
  up(): void {
    const stroke = this.#stroke;
    if (!stroke) return;
    this.#stroke = null;
    this.#last = stroke.points.at(-1) ?? null;
    this.#add(stroke);
  }

  /** The mask at the size of the picture: white is marked, black is not. */
  async png(): Promise<Blob> {
    const canvas = new OffscreenCanvas(this.width, this.height);
    const ctx = canvas.getContext('2d');
    if (!ctx) throw new Error(`The browser has no room for a mask of ${this.width} × ${this.height} pixels.`);
    this.#drawAll(ctx);
    ctx.globalCompositeOperation = 'source-in';
    ctx.fillStyle = '#fff';
    ctx.fillRect(0, 0, this.width, this.height);
    ctx.globalCompositeOperation = 'destination-over';
    ctx.fillStyle = '#000';
    ctx.fillRect(0, 0, this.width, this.height);
    return canvas.convertToBlob({ type: 'image/png' });
  }

  #add(change: Change): void {
    this.#done.push(change);
    this.#undone = [];
    this.#changed();
  }
  #pointOf({ clientX, clientY }: PointerEvent): Point {
    const box = (this.#view as HTMLCanvasElement).getBoundingClientRect();
    return { x: ((clientX - box.left) / box.width) * this.width, y: ((clientY - box.top) / box.height) * this.height };
  }
  #drawOn(work: (ctx: CanvasRenderingContext2D) => void): void {
    const ctx = this.#view?.getContext('2d');
    if (ctx) work(ctx);
  }
  #drawAll(ctx: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D): void {
    ctx.strokeStyle = ctx.fillStyle = INK;
    if (this.#base) {
      ctx.drawImage(this.#base, 0, 0, this.width, this.height);
      ctx.globalCompositeOperation = 'source-in';
      ctx.fillRect(0, 0, this.width, this.height);
      ctx.globalCompositeOperation = 'source-over';
    }
    for (const change of this.#done) drawChange(ctx, change, this.width, this.height);
  }
  /** Draws the mask anew at the size of the view; a picture of 4096 pixels costs no more than a small one. */
  #draw(): void {
    const view = this.#view;
    if (view) {
      view.width = Math.max(1, Math.round(view.clientWidth * window.devicePixelRatio));
      view.height = Math.max(1, Math.round(view.clientHeight * window.devicePixelRatio));
      this.#drawOn((ctx) => {
        ctx.scale(view.width / this.width, view.height / this.height);
        this.#drawAll(ctx);
      });
    }
    this.#changed();
  }
}

/** A mask as a picture, white is marked: what is white becomes opaque. Null when all is black. */
export async function maskFromPicture(bytes: Blob): Promise<OffscreenCanvas | null> {
  const bitmap = await createImageBitmap(bytes);
  const canvas = new OffscreenCanvas(bitmap.width, bitmap.height);
  const ctx = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D;
  ctx.drawImage(bitmap, 0, 0);
  bitmap.close();
  const pixels = ctx.getImageData(0, 0, canvas.width, canvas.height);
  let marked = 0;
  for (let i = 0; i < pixels.data.length; i += 4) marked |= pixels.data[i + 3] = pixels.data[i] ?? 0;
  if (!marked) return null;
  ctx.putImageData(pixels, 0, 0);
  return canvas;
}
