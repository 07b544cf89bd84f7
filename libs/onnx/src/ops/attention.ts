// Fused attention of com.microsoft, which keeps no probabilities, and its gradient, which makes them anew for some queries at a time.
import { after } from '../after.ts';
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { describe, oneDType, operand, rule } from '../shapes.ts';
import type { Value } from '../value.ts';
import { transposed } from './linear-algebra.ts';

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
  vjp: rule((op, g, { inputs, output, attrs: { num_heads: heads, scale } }) => {
    const [q, k, v] = inputs as [Value, Value, Value];
    const [bias, padding, mask] = (inputs as readonly (Value | null)[]).slice(3);
    if (bias || padding)
      throw err.NO_GRADIENT('MultiHeadAttention', 'its projection bias and its key padding mask have none; add them before');
    return attentionGradient(op, g, { q, k, v, output, heads, scale: scale ?? 1 / Math.sqrt(q.shape[2]! / heads), mask: mask ?? null });
  }),
};

/** Most probabilities at once, 8 MB of them: 4,096 tokens have half a gigabyte in 8 heads. */
const CHUNK = 2 ** 21;

interface Attended {
  readonly q: Value;
  readonly k: Value;
  readonly v: Value;
  readonly output: Value;
  readonly heads: number;
  readonly scale: number;
  readonly mask: Value | null;
}

/**
 * Cotangents of queries, keys and values from that of the output, with probabilities P = softmax(S) made anew: dV = Pᵀ dO, dS = P (dO Vᵀ - rows of dO · O),
 * dQ = dS K and dK = dSᵀ Q (Dao et al. 2022, arXiv 2205.14135, appendix B.2). Queries go in chunks, one after the other.
 */
function attentionGradient(op: Builder, g: Value, { q, k, v, output, heads, scale, mask }: Attended): (Value | null)[] {
  const [batch, tokens] = q.shape as [number, number, number];
  const perHead = (x: Value) => op.Transpose([op.Reshape([x], { shape: [x.shape[0]!, x.shape[1]!, heads, -1] })], { perm: [0, 2, 1, 3] });
  const joined = (x: Value, like: Value) => op.Reshape([op.Transpose([x], { perm: [0, 2, 1, 3] })], { shape: like.shape });
  const [queries, keys, values, cotangents] = [perHead(op.Mul([q, scale])), perHead(k), perHead(v), perHead(g)];
  const along = perHead(
    op.Reshape([op.ReduceSum([op.Reshape([op.Mul([g, output])], { shape: [batch, tokens, heads, -1] })], { axes: [3] })], {
      shape: [batch, tokens, heads],
    }),
  );
  const [keysAcross, valuesAcross] = [transposed(op, keys), transposed(op, values)];
  const rows = Math.max(1, Math.min(tokens, Math.floor(CHUNK / (batch * heads * k.shape[1]!))));
  const part = (x: Value, from: number): Value =>
    rows >= x.shape[2]! ? x : op.Slice([x], { starts: [from], ends: [Math.min(from + rows, tokens)], axes: [2] });
  const dq: Value[] = [];
  let dk: Value | null = null;
  let dv: Value | null = null;
  for (let from = 0; from < tokens; from += rows) {
    const some = part(queries, from);
    // Not before the chunk before is done with, so that only one matrix of probabilities is there at a time.
    const chunk: Value = dk && dv ? after(op, some, [dq.at(-1)!, dk, dv]) : some;
    const given = part(cotangents, from);
    const logits = op.MatMul([chunk, keysAcross]);
    const bias = mask && mask.shape.at(-2) !== 1 ? part(mask, from) : mask;
    const p = op.Softmax([bias ? op.Add([logits, bias]) : logits], { axis: -1 });
    const ds = op.Mul([p, op.Sub([op.MatMul([given, valuesAcross]), part(along, from)])]);
    dq.push(op.MatMul([ds, keys]));
    const [ofKeys, ofValues] = [op.MatMul([transposed(op, ds), chunk]), op.MatMul([transposed(op, p), given])];
    dk = dk ? op.Add([dk, ofKeys]) : ofKeys;
    dv = dv ? op.Add([dv, ofValues]) : ofValues;
  }
  const whole = dq.length === 1 ? dq[0]! : op.Concat(dq, { axis: 2 });
  return [joined(op.Mul([whole, scale]), q), joined(dk!, k), joined(dv!, v)];
}
