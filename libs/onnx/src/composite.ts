// Layers that models share, composed of operators that every provider has and that can be differentiated.
import { constant } from './source.ts';
import { op } from './builder.ts';
import { err } from './op.ts';
import { describe } from './shapes.ts';
import { float32 } from '@facewright/tensor';
import type { Value } from './value.ts';

/** x sigmoid(x), also known as swish. */
export const silu = (x: Value): Value => op.QuickGelu([x], { alpha: 1 });

/** x sigmoid(1.702 x), the activation of CLIP's original text and picture models. */
export const quickGelu = (x: Value): Value => op.QuickGelu([x], { alpha: 1.702 });

/** A value of one number everywhere, of the element type of `like`. */
function filled(length: number, value: number, like: Value): Value {
  const plain = constant(float32([length], new Float32Array(length).fill(value)));
  return like.dtype === 'float32' ? plain : op.Cast([plain], { to: like.dtype });
}

/**
 * Group normalisation of [batch, channels, …] with scale and bias [channels], as torch.nn.GroupNorm. Written over reshaped
 * groups, because GroupNormalization is not on WebGPU. Throws ONNX_SHAPE when groups do not divide channels.
 */
export function groupNorm(
  x: Value,
  scale: Value,
  bias: Value,
  { groups, epsilon }: { readonly groups: number; readonly epsilon: number },
): Value {
  const [batch, channels, ...spatial] = x.shape as [number, number, ...number[]];
  if (channels % groups !== 0) throw err.SHAPE('groupNorm', `channels in ${groups} equal groups`, describe(x));
  const grouped = op.Reshape([x], { shape: [batch, groups, -1] });
  const white = op.Reshape([op.InstanceNormalization([grouped, filled(groups, 1, x), filled(groups, 0, x)], { epsilon })], {
    shape: x.shape,
  });
  const perChannel = (value: Value) => op.Reshape([value], { shape: [channels, ...spatial.map(() => 1)] });
  return op.Add([op.Mul([white, perChannel(scale)]), perChannel(bias)]);
}

/**
 * softmax(q k^T / sqrt(d) + mask) v, for q [batch, t, heads d], k [batch, s, heads d], v [batch, s, heads e]; returns [batch, t, heads e].
 * `mask` is added to the logits and broadcasts to [batch, heads, t, s]. `fused` takes the com.microsoft operator, which needs no
 * t x s buffer and has no gradient; its mask must have four axes.
 */
export function scaledDotProductAttention(
  q: Value,
  k: Value,
  v: Value,
  { heads, mask, fused = false }: { readonly heads: number; readonly mask?: Value; readonly fused?: boolean },
): Value {
  const [batch, tokens, width] = q.shape as [number, number, number];
  if (q.shape.length !== 3 || width % heads !== 0)
    throw err.SHAPE('scaledDotProductAttention', `queries [batch, tokens, ${heads} x size]`, describe(q));
  const scale = 1 / Math.sqrt(width / heads);
  if (fused) return op.MultiHeadAttention(mask ? [q, k, v, null, null, mask] : [q, k, v], { num_heads: heads, scale });
  const split = (x: Value, perm: readonly number[]) =>
    op.Transpose([op.Reshape([x], { shape: [x.shape[0]!, x.shape[1]!, heads, -1] })], { perm });
  const logits = op.MatMul([split(op.Mul([q, scale]), [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
  const weights = op.Softmax([mask ? op.Add([logits, mask]) : logits], { axis: -1 });
  const mixed = op.MatMul([weights, split(v, [0, 2, 1, 3])]);
  return op.Reshape([op.Transpose([mixed], { perm: [0, 2, 1, 3] })], { shape: [batch, tokens, -1] });
}

/** The first half times the GELU of the second, over the last axis: the gate of diffusers' feed-forward. */
export function geglu(x: Value): Value {
  const width = x.shape.at(-1)!;
  if (width % 2 !== 0) throw err.SHAPE('geglu', 'an even last axis', describe(x));
  const [hidden, gate] = op.Split([x], { axis: -1, split: [width / 2, width / 2] }) as [Value, Value];
  return op.Mul([hidden, op.Gelu([gate])]);
}

/** Mean of all elements, a scalar. */
export const mean = (x: Value): Value =>
  x.shape.length === 0 ? x : op.ReduceMean([x], { axes: x.shape.map((_, axis) => axis), keepdims: false });

/** Mean squared difference over all elements, a scalar; operands broadcast. */
export function mseLoss(a: Value, b: Value): Value {
  const difference = op.Sub([a, b]);
  return mean(op.Mul([difference, difference]));
}
