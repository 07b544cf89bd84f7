// What the samplers share that walk by sigma, the ratio of noise to signal.
import { splitPrediction, type NoiseSchedule } from './noise-schedule.ts';
import type { NoiseSource, SigmaSpacing, SpacedSchedule } from './sampler.ts';
import { spacedTimesteps } from './spacing.ts';

/** Timesteps of the calls of a walk, and sigma at each and at the end, where it is 0. */
export interface SigmaWalk {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

/** A timestep without signal would have an endless sigma; diffusers takes this alpha there. */
const smallestAlpha = 2 ** -24;

/** Sigma of every trained timestep. */
export const trainedSigmas = ({ alphasCumprod }: NoiseSchedule): readonly number[] =>
  Array.from(alphasCumprod, (stored) => {
    const alpha = Math.max(stored, smallestAlpha);
    return Math.sqrt((1 - alpha) / alpha);
  });

/** Value at a fractional index, linear between its neighbours. */
function interpolated(values: readonly number[], index: number): number {
  const below = Math.floor(index);
  const share = index - below;
  return share === 0 ? values[below]! : values[below]! + share * (values[below + 1]! - values[below]!);
}

/** The fractional timestep that has a sigma, by linear interpolation of its logarithm; the first or last outside the trained range. */
export function timestepOf(sigma: number, trained: readonly number[]): number {
  const above = trained.findIndex((value) => value > sigma);
  if (above < 0) return trained.length - 1;
  if (above === 0) return 0;
  const [low, high] = [Math.log(trained[above - 1]!), Math.log(trained[above]!)];
  return above - 1 + (Math.log(sigma) - low) / (high - low);
}

/** `count` sigmas from the largest to the smallest: even in the 7th root (Karras et al. 2022, eq. 5) or in the logarithm. */
export function spacedSigmas(kind: Exclude<SigmaSpacing, 'default'>, largest: number, smallest: number, count: number): number[] {
  const even = (from: number, to: number, i: number): number => (count === 1 ? from : from + ((to - from) * i) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    kind === 'karras' ? even(largest ** (1 / 7), smallest ** (1 / 7), i) ** 7 : Math.exp(even(Math.log(largest), Math.log(smallest), i)),
  );
}

/** Levels of the samplers whose x is clean + sigma * noise: between those of the first and the last timestep, timesteps not rounded. */
export function sigmaWalk(schedule: SpacedSchedule, steps: number, kind: SigmaSpacing): SigmaWalk {
  const trained = trainedSigmas(schedule);
  const timesteps = spacedTimesteps(schedule.spacing, steps, trained.length, schedule.stepsOffset, false);
  const sigmas = timesteps.map((t) => interpolated(trained, t));
  if (kind === 'default') return { timesteps, sigmas: [...sigmas, 0] };
  const spaced = spacedSigmas(kind, sigmas[0]!, sigmas.at(-1)!, steps);
  return { timesteps: spaced.map((sigma) => timestepOf(sigma, trained)), sigmas: [...spaced, 0] };
}

/** Sampler.initialScale where x is clean + sigma * noise. */
export const largestScale = ({ spacing }: SpacedSchedule, largest: number): number =>
  spacing === 'leading' ? Math.sqrt(largest ** 2 + 1) : largest;

/** x of clean + sigma * noise, scaled to variance 1 as models see it. */
export function scaled(x: Float32Array, sigma: number): Float32Array {
  const scale = 1 / Math.sqrt(sigma ** 2 + 1);
  return x.map((value) => value * scale);
}

/** clean + sigma * noise. */
export const noised = (clean: Float32Array, noise: Float32Array, sigma: number): Float32Array => clean.map((x, i) => x + sigma * noise[i]!);

/** The clean values that a prediction for x = clean + sigma * noise implies. */
export function cleanAt({ prediction }: NoiseSchedule, predicted: Float32Array, x: Float32Array, sigma: number): Float32Array {
  const alpha = 1 / (sigma ** 2 + 1);
  const signal = Math.sqrt(alpha);
  return x.map((value, i) => splitPrediction(prediction, predicted[i]!, value * signal, alpha)[0]);
}

/**
 * From x = clean + sigma * noise to sigma `next`, of which as much is fresh noise as DDPM adds: straight to a lower sigma, and noise up from there.
 * The largest share of it is `next` itself.
 */
export function ancestralStep(x: Float32Array, clean: Float32Array, sigma: number, next: number, noise: NoiseSource): Float32Array {
  const up = Math.min(next, Math.sqrt((next ** 2 * (sigma ** 2 - next ** 2)) / sigma ** 2));
  const left = Math.sqrt(next ** 2 - up ** 2) / sigma;
  const fresh = up > 0 ? noise() : null;
  return x.map((value, i) => clean[i]! + left * (value - clean[i]!) + (fresh ? up * fresh[i]! : 0));
}
