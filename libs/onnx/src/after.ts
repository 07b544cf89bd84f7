// Order between values that do not depend on each other: a graph has no other word for it, and onnxruntime runs what stands ready when it likes.
import type { DType } from '@facewright/tensor';
import type { Builder } from './op.ts';
import { sameShape } from './shapes.ts';
import type { Value } from './value.ts';

/** The first element, [1]. */
function first(op: Builder, x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  const one = x.shape.every((size) => size === 1) ? x : op.Slice([x], { starts: axes.map(() => 0), ends: axes.map(() => 1), axes });
  return sameShape(one.shape, [1]) ? one : op.Reshape([one], { shape: [1] });
}

/** Zero, [1], that is there when all of `others` (at least one) have been computed; zero even where they are not finite. */
export function zeroAfter(op: Builder, others: readonly Value[], dtype: DType): Value {
  const told = others.map((other) => first(op, other.dtype === dtype ? other : op.Cast([other], { to: dtype })));
  const any = told.length === 1 ? told[0]! : op.ReduceSum([op.Concat(told, { axis: 0 })], { axes: [0] });
  return op.Cast([op.Less([any, any])], { to: dtype });
}

/** `x`, unchanged, but computed only when all of `others` have been. It costs a pass over x, in place where nothing else needs it afterwards. */
export function after(op: Builder, x: Value, others: readonly Value[]): Value {
  if (others.length === 0) return x;
  const zero = zeroAfter(op, others, x.dtype);
  return op.Add([x, x.shape.length === 0 ? op.Reshape([zero], { shape: [] }) : zero]);
}
