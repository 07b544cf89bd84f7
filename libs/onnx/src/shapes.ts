// Shape arithmetic that shape inference and gradient rules share: broadcasting, axes, operand checks.
import { err, type Vjp, type Builder } from './op.ts';
import type { DType, GraphNode, Shape, Value } from './value.ts';

export const isFloat = (dtype: DType): boolean => dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16' || dtype === 'float64';
export const describe = (value: { readonly dtype: DType; readonly shape: Shape }): string => `${value.dtype} [${value.shape.join(', ')}]`;
export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, axis) => size === b[axis]);

/** The operand at `index`, which must be there. */
export function operand(op: string, inputs: readonly (Value | null)[], index: number): Value {
  const value = inputs[index];
  if (!value) throw err.SHAPE(op, `an operand at position ${index}`, 'none');
  return value;
}

/** The first `count` operands, all there and none beyond, all of one element type. */
export function operands(op: string, inputs: readonly (Value | null)[], count: number): Value[] {
  if (inputs.length !== count) throw err.SHAPE(op, `${count} operands`, `${inputs.length}`);
  const values = inputs.map((_, index) => operand(op, inputs, index));
  oneDType(op, values);
  return values;
}

export function oneDType(op: string, values: readonly Value[]): void {
  if (values.some((value) => value.dtype !== values[0]!.dtype))
    throw err.SHAPE(op, 'operands of one element type', values.map(describe).join(' and '));
}

/** NumPy broadcasting of two shapes. */
export function broadcast(op: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, index) => {
    const x = a[index - rank + a.length] ?? 1;
    const y = b[index - rank + b.length] ?? 1;
    if (x !== y && x !== 1 && y !== 1) throw err.SHAPE(op, 'shapes that broadcast', `[${a.join(', ')}] and [${b.join(', ')}]`);
    return x === 1 ? y : x;
  });
}

/** An axis counted from the front; negative ones count from the back. */
export function axisOf(op: string, axis: number, rank: number): number {
  const positive = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || positive < 0 || positive >= rank) throw err.SHAPE(op, `an axis in [${-rank}, ${rank})`, `${axis}`);
  return positive;
}

/** Axes counted from the front, ascending and without repeats. */
export function axesOf(op: string, axes: readonly number[], rank: number): number[] {
  const positive = axes.map((axis) => axisOf(op, axis, rank)).sort((a, b) => a - b);
  if (new Set(positive).size !== positive.length) throw err.SHAPE(op, 'axes without repeats', `[${axes.join(', ')}]`);
  return positive;
}

/** A rule for an operator with one output, as most are. */
export const rule =
  <A>(
    backward: (
      op: Builder,
      cotangent: Value,
      node: { readonly inputs: readonly Value[]; readonly output: Value; readonly attrs: A },
    ) => readonly (Value | null)[],
  ): Vjp<A> =>
  (op, cotangents, node: GraphNode & { readonly attrs: A }) =>
    backward(op, cotangents[0]!, { inputs: node.inputs as readonly Value[], output: node.outputs[0]!, attrs: node.attrs });
