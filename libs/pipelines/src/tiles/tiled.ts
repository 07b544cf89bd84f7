// Large pictures in overlapping tiles: the tiles are computed one by one, and where they overlap one fades into the next.
import { sizeOf, type Tensor } from '@facewright/tensor';
import { setImmediate } from 'node:timers/promises';

type Floats = Tensor<'float32'>;

export interface TileOptions {
  /** Longest side of a tile, in the units of what is cut: latents or pixels. */
  readonly tile: number;
  /** Share of a tile that the next one covers again, 0 to less than 1. Default 0.25. */
  readonly overlap?: number;
  /** Asked between tiles. */
  readonly signal?: AbortSignal;
  /** `done` of `total` tiles. */
  readonly progress?: (done: number, total: number) => void;
}

/** Whether a picture [n, c, h, w] is larger than one tile. */
export const needsTiles = ({ dims }: Floats, tile: number): boolean => dims.slice(2).some((side) => side > tile);

/** The cuts of one axis: where tiles begin. The last tiles may be shorter. */
const starts = (length: number, step: number): number[] => Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);

/**
 * `run` of a picture [n, c, h, w] larger than it takes at once: [n, c', r h, r w], where r is the ratio between sides of what `run` gives and takes, e.g. 8 for a decoder and 1/8 for an
 * encoder. Tiles fade linearly over the overlap, from the one above and the one at the left. Tiles at the right and lower edge are as small as what is left there, as in diffusers' tiled
 * autoencoder, whose results these are. A picture that fits into one tile is run whole. For an encoder, tile and step (tile times 1 - overlap) must be multiples of 1 / r.
 */
export async function tiled(
  run: (tile: Floats) => Promise<Floats>,
  whole: Floats,
  { tile, overlap = 0.25, signal, progress }: TileOptions,
): Promise<Floats> {
  if (!needsTiles(whole, tile)) {
    signal?.throwIfAborted();
    return run(whole);
  }
  const [rows = 0, , height = 0, width = 0] = whole.dims;
  const step = Math.max(1, Math.floor(tile * (1 - overlap)));
  const [ys, xs] = [starts(height, step), starts(width, step)];
  let result: Floats | undefined;
  let above: Floats[] = [];
  let [done, top] = [0, 0];
  for (const y of ys) {
    const line: Floats[] = [];
    let [left, bottom] = [0, 0];
    for (const x of xs) {
      signal?.throwIfAborted();
      const cut = crop(whole, y, x, tile, tile);
      const given = await run(cut);
      // A copy, since fading writes into it.
      const part = { ...given, data: given.data.slice() };
      const ratio = part.dims[2]! / cut.dims[2]!;
      result ??= filled([rows, part.dims[1]!, height * ratio, width * ratio]);
      const extent = Math.floor(tile * ratio * overlap);
      const upper = above[line.length];
      const before = line.at(-1);
      if (upper) fade(upper, part, 2, extent);
      if (before) fade(before, part, 3, extent);
      line.push(part);
      const kept = tile * ratio - extent;
      paste(result, crop(part, 0, 0, kept, kept), top, left);
      left += Math.min(kept, part.dims[3]!);
      bottom = Math.min(kept, part.dims[2]!);
      progress?.(++done, ys.length * xs.length);
      // Lets a cancel be heard: computing holds the thread.
      await setImmediate();
    }
    top += bottom;
    above = line;
  }
  return result!;
}

const filled = (dims: readonly number[]): Floats => ({ dtype: 'float32', dims, data: new Float32Array(sizeOf(dims)) });

/** At most `height` x `width` of a picture, from (y, x) on. */
function crop({ dims, data }: Floats, y: number, x: number, height: number, width: number): Floats {
  const [rows = 0, channels = 0, h = 0, w = 0] = dims;
  const part = filled([rows, channels, Math.min(height, h - y), Math.min(width, w - x)]);
  const [, , ph = 0, pw = 0] = part.dims;
  for (let plane = 0; plane < rows * channels; plane++)
    for (let row = 0; row < ph; row++) {
      const from = (plane * h + y + row) * w + x;
      part.data.set(data.subarray(from, from + pw), (plane * ph + row) * pw);
    }
  return part;
}

function paste(whole: Floats, part: Floats, y: number, x: number): void {
  const [rows = 0, channels = 0, h = 0, w = 0] = whole.dims;
  const [, , ph = 0, pw = 0] = part.dims;
  for (let plane = 0; plane < rows * channels; plane++)
    for (let row = 0; row < ph; row++)
      whole.data.set(part.data.subarray((plane * ph + row) * pw, (plane * ph + row + 1) * pw), (plane * h + y + row) * w + x);
}

/** The first `extent` lines of `to` along an axis become mixtures with the last ones of `from`. */
function fade(from: Floats, to: Floats, axis: 2 | 3, extent: number): void {
  const [length, behind] = [to.dims[axis]!, from.dims[axis]!];
  const lines = Math.min(length, behind, extent);
  const inner = sizeOf(to.dims.slice(axis + 1));
  const outer = sizeOf(to.dims.slice(0, axis));
  for (let o = 0; o < outer; o++)
    for (let line = 0; line < lines; line++) {
      const share = line / lines;
      const [a, b] = [(o * behind + behind - lines + line) * inner, (o * length + line) * inner];
      for (let i = 0; i < inner; i++) to.data[b + i] = from.data[a + i]! * (1 - share) + to.data[b + i]! * share;
    }
}
