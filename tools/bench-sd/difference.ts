// How far two results are from each other.
import type { Tensor } from '@facewright/tensor';

export interface Difference {
  readonly maxAbs: number;
  readonly meanAbs: number;
  /** The largest difference over the standard deviation of the reference. */
  readonly relative: number;
}

/** NaN anywhere makes every number NaN. Throws where the sizes differ. */
export function difference(name: string, ours: Float32Array, reference: Tensor): Difference {
  const data = reference.data as Float32Array;
  if (ours.length !== data.length) throw new Error(`${name}: expected ${data.length} values, got ${ours.length}`);
  let [sum, squares, total, maxAbs] = [0, 0, 0, 0];
  for (let i = 0; i < data.length; i++) {
    const off = Math.abs(ours[i]! - data[i]!);
    total += off;
    maxAbs = off > maxAbs || Number.isNaN(off) ? off : maxAbs;
    sum += data[i]!;
    squares += data[i]! * data[i]!;
  }
  const mean = sum / data.length;
  return {
    maxAbs: Number.isNaN(total) ? NaN : maxAbs,
    meanAbs: total / data.length,
    relative: (Number.isNaN(total) ? NaN : maxAbs) / Math.sqrt(squares / data.length - mean * mean),
  };
}
