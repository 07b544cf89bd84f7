// Adding noise at a time, and taking it away again in one step.
import { op, type Value } from '@facewright/onnx';
import { perSample } from './per-sample.ts';

/**
 * Noisy latents z_t = sqrt(abar) z_0 + sqrt(1 - abar) noise (Ho et al. 2020, arXiv 2006.11239, eq. 4).
 * `latents` and `noise` are [n, c, h, w]; `alphaBar` [n] is the schedule's cumulative product at each sample's time, in (0, 1).
 */
export function addNoise(latents: Value, noise: Value, alphaBar: Value): Value {
  const a = perSample(alphaBar, latents.shape.length);
  return op.Add([op.Mul([op.Sqrt([a]), latents]), op.Mul([op.Sqrt([op.Sub([1, a])]), noise])]);
}

/** Clean latents by one step: z̄_0 = (z_t - sqrt(1 - abar) prediction) / sqrt(abar), the inverse of {@link addNoise} for predicted noise (DDIM, arXiv 2010.02502, eq. 9). */
export function denoiseOnce(noisy: Value, prediction: Value, alphaBar: Value): Value {
  const a = perSample(alphaBar, noisy.shape.length);
  return op.Div([op.Sub([noisy, op.Mul([op.Sqrt([op.Sub([1, a])]), prediction])]), op.Sqrt([a])]);
}

/** Signal to noise ratio abar / (1 - abar) of each sample, [n]. */
export function signalToNoise(alphaBar: Value): Value {
  return op.Div([alphaBar, op.Sub([1, alphaBar])]);
}
