// What the samplers share whose x is √alpha * clean + √(1 - alpha) * noise.
import { err } from '../errors.ts';
import { clamped, splitPrediction, type NoiseSchedule } from './noise-schedule.ts';
import type { SamplerKind } from './sampler.ts';

/** √alpha * clean + √(1 - alpha) * noise. */
export const mix = (clean: Float32Array, noise: Float32Array, alpha: number): Float32Array => {
  const [signal, share] = [Math.sqrt(alpha), Math.sqrt(1 - alpha)];
  return clean.map((x, i) => signal * x + share * noise[i]!);
};

/** Sampler.addNoise over the levels of timesteps. */
export const mixAt =
  ({ alphasCumprod: alphas }: NoiseSchedule, timesteps: readonly number[]) =>
  (clean: Float32Array, noise: Float32Array, step: number): Float32Array =>
    mix(clean, noise, step < timesteps.length ? alphas[timesteps[step]!]! : 1);

/** The clean values and the noise that a prediction implies, the clean ones clamped where the schedule says so. */
export function splitClipped({ prediction, clip }: NoiseSchedule, predicted: number, x: number, alpha: number): readonly [number, number] {
  const [clean, noise] = splitPrediction(prediction, predicted, x, alpha);
  return [clamped(clean, clip), noise];
}

/** Throws MODELS_INPUT for predicted noise where a step has no signal left, since such noise says nothing of the picture. */
export function checkSignal(kind: SamplerKind, { alphasCumprod: alphas, prediction }: NoiseSchedule, timesteps: readonly number[]): void {
  if (prediction === 'epsilon' && timesteps.some((t) => alphas[t] === 0))
    throw err.INPUT(
      `prediction of sampler ${kind}`,
      'v_prediction or sample at a timestep of pure noise (rescale_betas_zero_snr)',
      prediction,
    );
}
