// Reductions over axes, and Softmax, which is made of them.
import { err, type Inferred, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { axesOf, axisOf, describe, isFloat, operands, rule } from '../shapes.ts';
import type { Shape, Value } from '../value.ts';

type Reduce = OpAttrs['ReduceSum'];

function inferReduce(name: string, inputs: readonly (Value | null)[], { axes, keepdims = true }: Reduce): readonly Inferred[] {
  const [x] = operands(name, inputs, 1) as [Value];
  const reduced = new Set(axesOf(name, axes, x.shape.length));
  // Without axes ONNX would reduce all of them; say so instead of guessing.
  if (reduced.size === 0) throw err.SHAPE(name, 'at least one axis', 'none');
  return [{ dtype: x.dtype, shape: x.shape.flatMap((size, axis) => (!reduced.has(axis) ? [size] : keepdims ? [1] : [])) }];
}
/** The reduced shape with its axes kept, to which cotangents are brought before they are expanded. */
const kept = (shape: Shape, axes: readonly number[]): number[] => {
  const reduced = new Set(axesOf('Reduce', axes, shape.length));
  return shape.map((size, axis) => (reduced.has(axis) ? 1 : size));
};
const reduction = (name: string, since: number, vjp: Op<Reduce>['vjp']): Op<Reduce> => ({
  since,
  attrInputs: ['axes'],
  infer: (inputs, attrs) => inferReduce(name, inputs, attrs),
  vjp,
});

export const ReduceSum = reduction(
  'ReduceSum',
  13,
  rule((op, g, { inputs: [x], attrs }) => [op.Expand([op.Reshape([g], { shape: kept(x!.shape, attrs.axes) })], { shape: x!.shape })]),
);
export const ReduceMean = reduction(
  'ReduceMean',
  18,
  rule((op, g, { inputs: [x], output, attrs }) => {
    const count = x!.shape.reduce((a, b) => a * b, 1) / output.shape.reduce((a, b) => a * b, 1);
    return [op.Expand([op.Reshape([op.Div([g, count])], { shape: kept(x!.shape, attrs.axes) })], { shape: x!.shape })];
  }),
);
/** Shared evenly among equal maxima. */
export const ReduceMax = reduction(
  'ReduceMax',
  20,
  rule((op, g, { inputs: [x], output, attrs }) => {
    const shape = kept(x!.shape, attrs.axes);
    const isMax = op.Cast([op.Equal([x!, op.Reshape([output], { shape })])], { to: x!.dtype });
    const share = op.Div([op.Reshape([g], { shape }), op.ReduceSum([isMax], { axes: attrs.axes })]);
    return [op.Mul([isMax, share])];
  }),
);
export const ArgMax: Op<OpAttrs['ArgMax']> = {
  since: 13,
  infer(inputs, { axis, keepdims = true }) {
    const [{ shape }] = inferReduce('ArgMax', inputs, { axes: [axis], keepdims }) as [Inferred];
    return [{ dtype: 'int64', shape }];
  },
  vjp: { zero: 'an index does not vary smoothly' },
};

const inferSoftmax =
  (name: string) =>
  (inputs: readonly (Value | null)[], { axis }: { readonly axis: number }): readonly Inferred[] => {
    const [x] = operands(name, inputs, 1) as [Value];
    if (!isFloat(x.dtype)) throw err.SHAPE(name, 'floating-point numbers', describe(x));
    axisOf(name, axis, x.shape.length);
    return [{ dtype: x.dtype, shape: x.shape }];
  };
export const Softmax: Op<OpAttrs['Softmax']> = {
  since: 13,
  infer: inferSoftmax('Softmax'),
  vjp: rule((op, g, { output: y, attrs: { axis } }) => {
    const weighted = op.Mul([g, y]);
    return [op.Sub([weighted, op.Mul([y, op.ReduceSum([weighted], { axes: [axis] })])])];
  }),
};
export const LogSoftmax: Op<OpAttrs['LogSoftmax']> = {
  since: 13,
  infer: inferSoftmax('LogSoftmax'),
  vjp: rule((op, g, { output: y, attrs: { axis } }) => [op.Sub([g, op.Mul([op.Exp([y]), op.ReduceSum([g], { axes: [axis] })])])]),
};
