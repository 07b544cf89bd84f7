// Reads the packed arrays of reference fixtures and measures how far a result is from them.
import type { Tensor } from '@facewright/tensor';

export interface Packed {
  readonly shape: readonly number[];
  readonly float32: string;
}

/** Largest difference over the largest reference value. Infinity when shapes differ or a value is not finite. */
export function relativeError(result: Tensor | undefined, { shape, float32 }: Packed): number {
  if (!result || String(result.dims) !== String(shape)) return Number.POSITIVE_INFINITY;
  const want = new Float32Array(Uint8Array.from(atob(float32), (character) => character.charCodeAt(0)).buffer);
  let [difference, largest] = [0, 0];
  want.forEach((value, i) => {
    const d = Math.abs(Number(result.data[i]) - value);
    difference = Math.max(difference, Number.isFinite(d) ? d : Number.POSITIVE_INFINITY);
    largest = Math.max(largest, Math.abs(value));
  });
  return difference / largest;
}
