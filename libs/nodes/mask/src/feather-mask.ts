// Soft edges: a Gaussian blur whose time does not grow with its width.
import type { ImageBuffer } from '@facewright/tensor';

/** Averages one after the other. Four come within 7 of 255 grey levels of the Gaussian of the same variance; narrow shapes under a wide feather differ most. */
const PASSES = 4;

/** Blurs a grey picture by a standard deviation in pixels; beyond its sides it goes on as at them. Below a twentieth of a pixel it is given back as it is. */
export function featherMask(mask: ImageBuffer, sigma: number): ImageBuffer {
  if (sigma < 0.05) return mask;
  const [left, top, right, bottom] = changing(mask, PASSES * (windowOf(sigma).radius + 1));
  const [width, height] = [right - left, bottom - top];
  if (width <= 0 || height <= 0) return mask;
  const from = new Float32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) from[y * width + x] = mask.data[(top + y) * mask.width + left + x]!;
  const to = new Float32Array(from.length);
  for (let pass = 0; pass < PASSES; pass++) {
    averageRows(from, to, width, height, sigma);
    averageColumns(to, from, width, height, sigma);
  }
  const data = mask.data.slice();
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[(top + y) * mask.width + left + x] = Math.round(from[y * width + x]!);
  return { ...mask, data };
}

/** The part that a blur of this reach can change: around all that is not as the corner, [left, top, right, bottom]. */
function changing({ width, height, data }: ImageBuffer, reach: number): [number, number, number, number] {
  const ground = data[0]!;
  let [left, top, right, bottom] = [width, height, 0, 0];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    let first = 0;
    while (first < width && row[first] === ground) first++;
    if (first === width) continue;
    let last = width;
    while (row[last - 1] === ground) last--;
    [left, top, right, bottom] = [Math.min(left, first), Math.min(top, y), Math.max(right, last), y + 1];
  }
  return [Math.max(0, left - reach), Math.max(0, top - reach), Math.min(width, right + reach), Math.min(height, bottom + reach)];
}

/**
 * A window of whole pixels and a share of one more at each end, so that PASSES of them have exactly the variance asked for:
 * n = 2 r + 1 whole pixels and twice a share a have the variance (n (n² - 1) / 12 + 2 a (r + 1)²) / (n + 2 a). Extended box filter: Gwosdek et al. 2011.
 */
function windowOf(sigma: number): { readonly radius: number; readonly share: number; readonly total: number } {
  const variance = (sigma * sigma) / PASSES;
  const radius = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const n = 2 * radius + 1;
  const share = (n * (variance - (n * n - 1) / 12)) / (2 * ((radius + 1) ** 2 - variance));
  return { radius, share, total: n + 2 * share };
}

function averageRows(from: Float32Array, to: Float32Array, width: number, height: number, sigma: number): void {
  const { radius, share, total } = windowOf(sigma);
  const [whole, part] = [1 / total, share / total];
  const pad = radius + 1;
  const line = new Float64Array(width + 2 * pad);
  for (let y = 0; y < height; y++) {
    const row = y * width;
    line.fill(from[row]!, 0, pad);
    for (let x = 0; x < width; x++) line[pad + x] = from[row + x]!;
    line.fill(from[row + width - 1]!, pad + width);
    let sum = 0;
    for (let i = 1; i < 2 * pad; i++) sum += line[i]!;
    for (let x = 0; x < width; x++) {
      const ends = line[x]! + line[x + 2 * pad]!;
      to[row + x] = sum * whole + ends * part;
      sum += line[x + 2 * pad]! - line[x + 1]!;
    }
  }
}

/** The same down the columns, row by row so that memory is read in its order. */
function averageColumns(from: Float32Array, to: Float32Array, width: number, height: number, sigma: number): void {
  const { radius, share, total } = windowOf(sigma);
  const [whole, part] = [1 / total, share / total];
  const rowAt = (y: number) => Math.max(0, Math.min(height - 1, y)) * width;
  const sums = new Float64Array(width);
  for (let y = -radius; y <= radius; y++) {
    const row = rowAt(y);
    for (let x = 0; x < width; x++) sums[x]! += from[row + x]!;
  }
  for (let y = 0; y < height; y++) {
    const [before, first, after, row] = [rowAt(y - radius - 1), rowAt(y - radius), rowAt(y + radius + 1), y * width];
    for (let x = 0; x < width; x++) {
      const next = from[after + x]!;
      to[row + x] = sums[x]! * whole + (from[before + x]! + next) * part;
      sums[x] = sums[x]! + next - from[first + x]!;
    }
  }
}
