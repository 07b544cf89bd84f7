// Fréchet distance between two sets of feature vectors taken as Gaussians: |m1 - m2|² + tr(C1 + C2 - 2 (C1 C2)^(1/2)) (Dowson and Landau 1982; FID, arXiv 1706.08500).
import { symmetricEigenvalues } from './symmetric-eigenvalues.ts';
import { timesTransposed } from './times-transposed.ts';

/** C = F Fᵀ with F of min(size, rows) columns, so that few pictures with many features cost little. */
export interface Gaussian {
  readonly mean: Float64Array;
  readonly trace: number;
  /** Fᵀ: `rank` rows of `mean.length` numbers. */
  readonly factor: Float64Array;
  readonly rank: number;
}

/** Mean and unbiased covariance of the rows named by `indices` (all when absent), at least two. */
export function fitGaussian(rows: readonly Float32Array[], indices?: ArrayLike<number>): Gaussian {
  const count = indices?.length ?? rows.length;
  const size = rows[0]!.length;
  const row = (n: number) => rows[indices ? indices[n]! : n]!;
  const mean = new Float64Array(size);
  for (let n = 0; n < count; n++) {
    const x = row(n);
    for (let i = 0; i < size; i++) mean[i]! += x[i]! / count;
  }
  const scale = 1 / Math.sqrt(count - 1);
  const centred = new Float64Array(count * size);
  let trace = 0;
  for (let n = 0; n < count; n++) {
    const x = row(n);
    for (let i = 0; i < size; i++) {
      const value = (x[i]! - mean[i]!) * scale;
      centred[n * size + i] = value;
      trace += value * value;
    }
  }
  if (count <= size) return { mean, trace, factor: centred, rank: count };
  const covariance = new Float64Array(size * size);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < size; i++) {
      const value = centred[n * size + i]!;
      if (value !== 0) for (let j = 0; j <= i; j++) covariance[i * size + j]! += value * centred[n * size + j]!;
    }
  return { mean, trace, factor: transposedCholesky(covariance, size), rank: size };
}

/** Lᵀ of C = L Lᵀ; columns of a singular matrix whose pivot is nothing but rounding are zero. */
function transposedCholesky(matrix: Float64Array, size: number): Float64Array {
  const l = matrix;
  let largest = 0;
  for (let i = 0; i < size; i++) largest = Math.max(largest, l[i * size + i]!);
  const nothing = largest * size * Number.EPSILON;
  for (let j = 0; j < size; j++) {
    const rowJ = j * size;
    let pivot = l[rowJ + j]!;
    for (let k = 0; k < j; k++) pivot -= l[rowJ + k]! ** 2;
    const root = pivot > nothing ? Math.sqrt(pivot) : 0;
    l[rowJ + j] = root;
    for (let i = j + 1; i < size; i++) {
      const rowI = i * size;
      let value = l[rowI + j]!;
      for (let k = 0; k < j; k++) value -= l[rowI + k]! * l[rowJ + k]!;
      l[rowI + j] = root > 0 ? value / root : 0;
    }
  }
  const transposed = new Float64Array(size * size);
  for (let i = 0; i < size; i++) for (let j = 0; j <= i; j++) transposed[j * size + i] = l[i * size + j]!;
  return transposed;
}

/** tr((C1 C2)^(1/2)) is the sum of the singular values of F1ᵀ F2, and so of square roots of eigenvalues. Rounding may leave a distance of about -1e-8 of the traces. */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const [short, long] = a.rank <= b.rank ? [a, b] : [b, a];
  const size = a.mean.length;
  const product = timesTransposed(short.factor, short.rank, long.factor, long.rank, size);
  const values = symmetricEigenvalues(timesTransposed(product, short.rank, product, short.rank, long.rank), short.rank);
  const cross = values.reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
  const shift = a.mean.reduce((sum, value, i) => sum + (value - b.mean[i]!) ** 2, 0);
  return shift + a.trace + b.trace - 2 * cross;
}

/**
 * The distance to `reference` as a statistic of resampled pictures, for the bootstrap: `indices` name rows. Rows are projected on the reference's factor once;
 * tr((C1 C2)^(1/2)) is then the sum of square roots of the eigenvalues of the projections' covariance, or of their Gram matrix where there are fewer rows.
 */
export function frechetDistanceTo(reference: Gaussian): (rows: readonly Float32Array[]) => (indices: ArrayLike<number>) => number {
  const { mean: target, factor, rank, trace } = reference;
  const size = target.length;
  return (rows) => {
    const flat = new Float64Array(rows.length * size);
    rows.forEach((row, i) => flat.set(row, i * size));
    const projected = timesTransposed(flat, rows.length, factor, rank, size);
    return (indices) => {
      const count = indices.length;
      const mean = new Float64Array(size);
      const middle = new Float64Array(rank);
      for (let n = 0; n < count; n++) {
        const [x, p] = [indices[n]! * size, indices[n]! * rank];
        for (let i = 0; i < size; i++) mean[i]! += flat[x + i]! / count;
        for (let i = 0; i < rank; i++) middle[i]! += projected[p + i]! / count;
      }
      let own = 0;
      const centred = new Float64Array(count * rank);
      const scale = 1 / Math.sqrt(count - 1);
      for (let n = 0; n < count; n++) {
        const [x, p] = [indices[n]! * size, indices[n]! * rank];
        for (let i = 0; i < size; i++) own += (flat[x + i]! - mean[i]!) ** 2;
        for (let i = 0; i < rank; i++) centred[n * rank + i] = (projected[p + i]! - middle[i]!) * scale;
      }
      const [matrix, order] = count < rank ? [gram(centred, count, rank), count] : [scatter(centred, count, rank), rank];
      const cross = symmetricEigenvalues(matrix, order).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
      const shift = target.reduce((sum, value, i) => sum + (value - mean[i]!) ** 2, 0);
      return shift + trace + own / (count - 1) - 2 * cross;
    };
  };
}

/** Lower triangles, all that eigenvalues are computed from: of A Aᵀ … */
function gram(rows: Float64Array, count: number, size: number): Float64Array {
  const out = new Float64Array(count * count);
  for (let i = 0; i < count; i++) out.set(timesTransposed(rows.subarray(i * size, (i + 1) * size), 1, rows, i + 1, size), i * count);
  return out;
}
/** … and of Aᵀ A. */
function scatter(rows: Float64Array, count: number, size: number): Float64Array {
  const out = new Float64Array(size * size);
  for (let n = 0; n < count; n++)
    for (let i = 0; i < size; i++) {
      const value = rows[n * size + i]!;
      for (let j = 0; j <= i; j++) out[i * size + j]! += value * rows[n * size + j]!;
    }
  return out;
}

/** Multiplications that an interval may cost, about two minutes; with fewer resamples than these it would be too rough to be given. */
const [budget, fewestResamples] = [1e11, 60];

/** How many of the wanted resamples of `distances` distances are affordable; 0 when too few for an interval. `rowsB` is the reference, which is not resampled. */
export function frechetResamples(wanted: number, distances: number, rowsA: number, rowsB: number, size: number): number {
  const rank = Math.min(rowsB, size);
  const [few, many] = [Math.min(rowsA, rank), Math.max(rowsA, rank)];
  const cost = 2 * rowsA * (size + rank) + (few ** 2 * many) / 2 + (4 / 3) * few ** 3;
  const affordable = Math.floor(budget / (distances * cost));
  return affordable >= wanted ? wanted : affordable >= fewestResamples ? affordable : 0;
}
