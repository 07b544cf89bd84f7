// Fused attention of com.microsoft: no large buffer, no gradient.
import { err, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { describe, oneDType, operand } from '../shapes.ts';

/** Operands: query [b, t, h d], key [b, s, h d], value [b, s, h e], then bias, key padding mask, attention bias [b or 1, h or 1, t, s], each optional. */
export const MultiHeadAttention: Op<OpAttrs['MultiHeadAttention']> = {
  since: 1,
  domain: 'com.microsoft',
  infer(inputs, { num_heads }) {
    const query = operand('MultiHeadAttention', inputs, 0);
    const key = operand('MultiHeadAttention', inputs, 1);
    const value = operand('MultiHeadAttention', inputs, 2);
    oneDType('MultiHeadAttention', [query, key, value]);
    const [batch, tokens, width] = query.shape;
    const fits =
      [query, key, value].every(({ shape }) => shape.length === 3 && shape[0] === batch && shape[2]! % num_heads === 0) &&
      key.shape[2] === width &&
      key.shape[1] === value.shape[1];
    if (!fits) {
      throw err.SHAPE(
        'MultiHeadAttention',
        `query [b, t, ${num_heads} d], key [b, s, ${num_heads} d] and value [b, s, ${num_heads} e]`,
        [query, key, value].map(describe).join(', '),
      );
    }
    return [{ dtype: query.dtype, shape: [batch!, tokens!, value.shape[2]!] }];
  },
  vjp: { unwritten: 'it keeps no probabilities; build the layer with MatMul and Softmax to train it' },
};
