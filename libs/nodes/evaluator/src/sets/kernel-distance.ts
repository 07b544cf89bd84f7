// Kernel distance between two sets of feature vectors: the unbiased estimate of the squared maximum mean discrepancy with the kernel (x·y / d + 1)³ (KID, arXiv 1801.01401).
import type { Rng } from '@facewright/tensor';
import { timesTransposed } from './times-transposed.ts';

/** Rows whose kernels with all others are in memory at once. */
const block = 256;

/** Kernels of `rows` with `others`, a block of rows at a time: [rows of the block, others]. */
function* kernels(rows: readonly Float32Array[], others: readonly Float32Array[]): Generator<{ first: number; values: Float64Array }> {
  const size = others[0]!.length;
  const flat = (list: readonly Float32Array[]): Float64Array => {
    const out = new Float64Array(list.length * size);
    list.forEach((row, i) => out.set(row, i * size));
    return out;
  };
  const columns = flat(others);
  for (let first = 0; first < rows.length; first += block) {
    const part = rows.slice(first, first + block);
    const values = timesTransposed(flat(part), part.length, columns, others.length, size);
    for (let i = 0; i < values.length; i++) values[i] = (values[i]! / size + 1) ** 3;
    yield { first, values };
  }
}

/** For each row the mean of the kernel with `others`. */
function crossMeans(rows: readonly Float32Array[], others: readonly Float32Array[]): Float64Array {
  const means = new Float64Array(rows.length);
  for (const { first, values } of kernels(rows, others))
    for (let i = 0; i < values.length; i++) means[first + Math.floor(i / others.length)]! += values[i]! / others.length;
  return means;
}

/** Mean of the kernel over pairs of different pictures of one set. */
function withinMean(rows: readonly Float32Array[]): number {
  let sum = 0;
  for (const { first, values } of kernels(rows, rows))
    for (let i = 0; i < values.length; i++) if (first + Math.floor(i / rows.length) !== i % rows.length) sum += values[i]!;
  return sum / (rows.length * (rows.length - 1));
}

/** Of all pairs; may be negative, as an unbiased estimate of something near zero is. Needs two pictures on each side. */
export const kernelDistance = (a: readonly Float32Array[], b: readonly Float32Array[]): number =>
  withinMean(a) + withinMean(b) - (2 * crossMeans(a, b).reduce((x, y) => x + y, 0)) / a.length;

/** Pictures whose pairs are kept in memory, 4 bytes a pair. More are thinned evenly. */
const mostRows = 4096;

/**
 * The distance to `real` as a statistic of resampled pictures, for the bootstrap: `indices` name rows, real pictures stay as they are. Pairs of a picture with its own
 * copy are left out, since a copy is no second picture.
 */
export function kernelDistanceTo(real: readonly Float32Array[]): (rows: readonly Float32Array[]) => (indices: ArrayLike<number>) => number {
  const reference = thinned(real);
  const withinReal = withinMean(reference);
  return (all) => {
    const rows = thinned(all);
    const stride = all.length / rows.length;
    const cross = crossMeans(rows, reference);
    const within = new Float32Array(rows.length ** 2);
    for (const { first, values } of kernels(rows, rows)) within.set(values, first * rows.length);
    const counts = new Int32Array(rows.length);
    return (indices) => {
      // with thinned rows an index stands for the nearest kept one
      counts.fill(0);
      for (let i = 0; i < indices.length; i++) counts[Math.floor(indices[i]! / stride)]! += 1;
      const drawn: number[] = [];
      for (let i = 0; i < counts.length; i++) if (counts[i]! > 0) drawn.push(i);
      let [between, inside, pairs, total] = [0, 0, 0, 0];
      for (const [at, i] of drawn.entries()) {
        const weight = counts[i]!;
        between += weight * cross[i]!;
        total += weight;
        for (let n = 0; n < at; n++) {
          const j = drawn[n]!;
          const both = weight * counts[j]!;
          inside += both * within[i * rows.length + j]!;
          pairs += both;
        }
      }
      return (pairs > 0 ? inside / pairs : Number.NaN) + withinReal - (2 * between) / total;
    };
  };
}
const thinned = (rows: readonly Float32Array[]): readonly Float32Array[] =>
  rows.length <= mostRows ? rows : Array.from({ length: mostRows }, (_, i) => rows[Math.floor((i * rows.length) / mostRows)]!);

export interface SubsetDistance {
  readonly mean: number;
  /** Of the subsets' distances, dividing by their number, as published. */
  readonly deviation: number;
}

/** KID as it is published: the mean over random subsets of both sets, drawn without repetition. Subsets are at most as large as the smaller set. */
export function kernelInceptionDistance(
  a: readonly Float32Array[],
  b: readonly Float32Array[],
  { subsets, size, rng }: { readonly subsets: number; readonly size: number; readonly rng: Rng },
): SubsetDistance {
  const most = Math.min(size, a.length, b.length);
  const pick = (rows: readonly Float32Array[]): Float32Array[] => {
    const order = Int32Array.from(rows, (_, i) => i);
    for (let i = 0; i < most; i++) {
      const other = i + rng.integer(rows.length - i);
      [order[i], order[other]] = [order[other]!, order[i]!];
    }
    return Array.from(order.subarray(0, most), (i) => rows[i]!);
  };
  const distances = Array.from({ length: subsets }, () => kernelDistance(pick(a), pick(b)));
  const mean = distances.reduce((x, y) => x + y, 0) / subsets;
  return { mean, deviation: Math.sqrt(distances.reduce((sum, value) => sum + (value - mean) ** 2, 0) / subsets) };
}
