// Numbers of each sample by itself.
import { op, type Value } from '@facewright/onnx';

/** The mean over all axes but the first: [n, …] to [n]. */
export function meanPerSample(x: Value): Value {
  if (x.shape.length === 1) return x;
  return op.ReduceMean([x], { axes: x.shape.slice(1).map((_, i) => i + 1), keepdims: false });
}

/** [n] as [n, 1, …] of a rank, so that it multiplies each sample by its own number. */
export function perSample(x: Value, rank: number): Value {
  return op.Reshape([x], { shape: [x.shape[0] ?? 1, ...Array.from({ length: rank - 1 }, () => 1)] });
}
