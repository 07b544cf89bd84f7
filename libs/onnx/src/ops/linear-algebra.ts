// Matrix products.
import { sizeOf } from '@facewright/tensor';
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { broadcast, describe, oneDType, operand, operands, rule } from '../shapes.ts';
import type { Value } from '../value.ts';

/** Swaps the last two axes. */
export function transposed(op: Builder, x: Value): Value {
  const perm = x.shape.map((_, axis) => axis);
  perm.push(...perm.splice(-2).reverse());
  return op.Transpose([x], { perm });
}
/** All rows of all batches as one matrix. */
const flat = (op: Builder, x: Value): Value =>
  x.shape.length === 2 ? x : op.Reshape([x], { shape: [sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!] });

export const MatMul: Op<Record<never, never>> = {
  since: 13,
  infer(inputs) {
    const [a, b] = operands('MatMul', inputs, 2) as [Value, Value];
    const inner = b.shape.at(-2);
    if (a.shape.length < 2 || b.shape.length < 2 || a.shape.at(-1) !== inner)
      throw err.SHAPE('MatMul', '[…, m, k] and […, k, n]', `${describe(a)} and ${describe(b)}`);
    return [
      { dtype: a.dtype, shape: [...broadcast('MatMul', a.shape.slice(0, -2), b.shape.slice(0, -2)), a.shape.at(-2)!, b.shape.at(-1)!] },
    ];
  },
  vjp: rule((op, g, { inputs: [left, right] }) => {
    const [a, b] = [left!, right!];
    // One matrix for all batches, a linear layer: two plain products, without a sum over the batch afterwards.
    if (b.shape.length === 2) {
      const rows = flat(op, g);
      return [op.Reshape([op.Gemm([rows, b], { transB: true })], { shape: a.shape }), op.Gemm([flat(op, a), rows], { transA: true })];
    }
    return [op.MatMul([g, transposed(op, b)]), op.MatMul([transposed(op, a), g])];
  }),
};

export const Gemm: Op<OpAttrs['Gemm']> = {
  since: 13,
  infer(inputs, { transA = false, transB = false }) {
    const a = operand('Gemm', inputs, 0);
    const b = operand('Gemm', inputs, 1);
    const c = inputs[2];
    oneDType('Gemm', c ? [a, b, c] : [a, b]);
    const [m, k] = transA ? [a.shape[1], a.shape[0]] : a.shape;
    const [inner, n] = transB ? [b.shape[1], b.shape[0]] : b.shape;
    if (a.shape.length !== 2 || b.shape.length !== 2 || k !== inner) {
      throw err.SHAPE(
        'Gemm',
        'matrices whose inner sizes agree',
        `${describe(a)}${transA ? ' transposed' : ''} and ${describe(b)}${transB ? ' transposed' : ''}`,
      );
    }
    const shape = [m!, n!];
    if (c && broadcast('Gemm', shape, c.shape).some((size, axis) => size !== shape[axis]))
      throw err.SHAPE('Gemm', `a third operand that broadcasts to [${shape.join(', ')}]`, describe(c));
    return [{ dtype: a.dtype, shape }];
  },
  vjp: rule((op, g, { inputs: [a, b, c], attrs: { transA = false, transB = false, alpha = 1, beta = 1 } }) => [
    transA ? op.Gemm([b!, g], { transA: transB, transB: true, alpha }) : op.Gemm([g, b!], { transB: !transB, alpha }),
    transB ? op.Gemm([g, a!], { transA: true, transB: transA, alpha }) : op.Gemm([a!, g], { transA: !transA, alpha }),
    c ? (beta === 1 ? g : op.Mul([g, beta])) : null,
  ]),
};
