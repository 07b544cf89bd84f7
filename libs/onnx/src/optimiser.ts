// AdamW and gradient clipping as graphs, in PyTorch's formulas.
import { op } from './builder.ts';
import type { Value } from './value.ts';

export interface AdamWOptions {
  /** Decay of the mean of gradients, [0, 1). */
  readonly beta1: number;
  /** Decay of the mean of squared gradients, [0, 1). */
  readonly beta2: number;
  readonly epsilon: number;
  /** Decoupled: parameters shrink by learningRate x weightDecay a step. */
  readonly weightDecay: number;
}

export interface AdamWStep extends AdamWOptions {
  readonly parameters: readonly Value[];
  readonly gradients: readonly Value[];
  /** Moments, zeros before the first step, of the parameters' shapes. */
  readonly m: readonly Value[];
  readonly v: readonly Value[];
  /** float32 scalar, 1 for the first step. */
  readonly step: Value;
  /** float32 scalar. */
  readonly learningRate: Value;
  /** A factor of all gradients, as clipping gives; folded into the constants instead of costing a pass over every gradient. */
  readonly gradientScale?: Value;
}

/** One step of torch.optim.AdamW (amsgrad off): Loshchilov and Hutter, arXiv 1711.05101. */
export function adamW(options: AdamWStep): { parameters: Value[]; m: Value[]; v: Value[] } {
  const { parameters, gradients, step, learningRate, beta1, beta2, epsilon, weightDecay, gradientScale } = options;
  const share1 = gradientScale ? op.Mul([gradientScale, 1 - beta1]) : 1 - beta1;
  const share2 = gradientScale ? op.Mul([op.Mul([gradientScale, gradientScale]), 1 - beta2]) : 1 - beta2;
  // m / (1 - b1^t) / (sqrt(v / (1 - b2^t)) + e) = m c / (1 - b1^t) / (sqrt(v) + e c), with c = sqrt(1 - b2^t).
  const correction = op.Sqrt([op.Sub([1, op.Pow([beta2, step])])]);
  const rate = op.Div([op.Mul([learningRate, correction]), op.Sub([1, op.Pow([beta1, step])])]);
  const floor = op.Mul([correction, epsilon]);
  const shrink = op.Sub([1, op.Mul([learningRate, weightDecay])]);
  const m = options.m.map((mean, i) => op.Add([op.Mul([mean, beta1]), op.Mul([gradients[i]!, share1])]));
  const v = options.v.map((mean, i) => op.Add([op.Mul([mean, beta2]), op.Mul([op.Mul([gradients[i]!, gradients[i]!]), share2])]));
  const moved = parameters.map((parameter, i) => {
    const kept = weightDecay === 0 ? parameter : op.Mul([parameter, shrink]);
    return op.Sub([kept, op.Mul([op.Div([m[i]!, op.Add([op.Sqrt([v[i]!]), floor])]), rate])]);
  });
  return { parameters: moved, m, v };
}

/** Added to the norm before dividing, as torch.nn.utils.clip_grad_norm_ does. */
const CLIP_EPSILON = 1e-6;

/** Euclidean norm of all gradients together (scalar), and the factor that brings it to at most `maxNorm`. */
export function globalNorm(gradients: readonly Value[], maxNorm: number): { norm: Value; scale: Value } {
  const squares = gradients.map((g) => {
    const square = op.Mul([g, g]);
    return op.Reshape([g.shape.length ? op.ReduceSum([square], { axes: g.shape.map((_, axis) => axis), keepdims: false }) : square], {
      shape: [1],
    });
  });
  const norm = op.Sqrt([op.ReduceSum([op.Concat(squares, { axis: 0 })], { axes: [0], keepdims: false })]);
  return { norm, scale: op.Min([op.Div([maxNorm, op.Add([norm, CLIP_EPSILON])]), 1]) };
}

/** torch.nn.utils.clip_grad_norm_: scales all gradients so that their common Euclidean norm is at most `maxNorm`. */
export function clipByGlobalNorm(gradients: readonly Value[], maxNorm: number): { gradients: Value[]; norm: Value } {
  const { norm, scale } = globalNorm(gradients, maxNorm);
  return { gradients: gradients.map((g) => op.Mul([g, scale])), norm };
}
