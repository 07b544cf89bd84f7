// Adding noise at a time, what a model is to predict of it, and taking it away again in one step.
import type { Prediction } from '@facewright/models';
import { op, type Value } from '@facewright/onnx';
import { perSample } from './per-sample.ts';

/** Noise and time of one draw: noise [n, c, h, w], timestep float32 [n] of the schedule's training times, alphaBar [n] at these. */
export interface NoiseDraw {
  readonly noise: Value;
  readonly timestep: Value;
  readonly alphaBar: Value;
}

/** Predicts what its model was trained to, [n, c, h, w], from noisy latents and float32 times [n]. */
export type NoisePredictor = (noisy: Value, timestep: Value) => Value;

/** Shares of signal sqrt(abar) and noise sqrt(1 - abar), [n, 1, …] beside values of a rank. */
function shares(alphaBar: Value, rank: number): { readonly signal: Value; readonly spread: Value } {
  const a = perSample(alphaBar, rank);
  return { signal: op.Sqrt([a]), spread: op.Sqrt([op.Sub([1, a])]) };
}

/**
 * Noisy latents z_t = sqrt(abar) z_0 + sqrt(1 - abar) noise (Ho et al. 2020, arXiv 2006.11239, eq. 4).
 * `latents` and `noise` are [n, c, h, w]; `alphaBar` [n] is the schedule's cumulative product at each sample's time, in (0, 1).
 */
export function addNoise(latents: Value, noise: Value, alphaBar: Value): Value {
  const { signal, spread } = shares(alphaBar, latents.shape.length);
  return op.Add([op.Mul([signal, latents]), op.Mul([spread, noise])]);
}

/**
 * What a model that predicts `predicts` is to say: the noise, the velocity v = sqrt(abar) noise - sqrt(1 - abar) z_0 (Salimans and Ho 2022, arXiv 2202.00512,
 * appendix D), or z_0 itself. All [n, c, h, w].
 */
export function predictionTarget(predicts: Prediction, latents: Value, { noise, alphaBar }: Omit<NoiseDraw, 'timestep'>): Value {
  switch (predicts) {
    case 'epsilon':
      return noise;
    case 'sample':
      return latents;
    case 'v_prediction': {
      const { signal, spread } = shares(alphaBar, latents.shape.length);
      return op.Sub([op.Mul([signal, noise]), op.Mul([spread, latents])]);
    }
  }
}

/**
 * Clean latents by one step, the inverse of {@link addNoise}: (z_t - sqrt(1 - abar) prediction) / sqrt(abar) for predicted noise (DDIM, arXiv 2010.02502, eq. 9),
 * sqrt(abar) z_t - sqrt(1 - abar) prediction for predicted velocity, else the prediction.
 */
export function denoiseOnce(noisy: Value, prediction: Value, alphaBar: Value, predicts: Prediction = 'epsilon'): Value {
  const { signal, spread } = shares(alphaBar, noisy.shape.length);
  switch (predicts) {
    case 'epsilon':
      return op.Div([op.Sub([noisy, op.Mul([spread, prediction])]), signal]);
    case 'v_prediction':
      return op.Sub([op.Mul([signal, noisy]), op.Mul([spread, prediction])]);
    case 'sample':
      return prediction;
  }
}

/** Signal to noise ratio abar / (1 - abar) of each sample, [n]. */
export function signalToNoise(alphaBar: Value): Value {
  return op.Div([alphaBar, op.Sub([1, alphaBar])]);
}
