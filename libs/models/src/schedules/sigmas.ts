// What the samplers share that walk by sigma, the ratio of noise to signal.
import { splitPrediction, type NoiseSchedule } from './noise-schedule.ts';
import type { SigmaSpacing } from './sampler.ts';
import { roundHalfEven, spacedTimesteps } from './spacing.ts';

/** Timesteps of the calls of a walk, and sigma at each and at the end, where it is 0. */
export interface SigmaWalk {
  readonly timesteps: readonly number[];
  readonly sigmas: readonly number[];
}

/** A timestep without signal would have an endless sigma; diffusers takes this alpha there. */
const smallestAlpha = 2 ** -24;

const trainedSigmas = ({ alphasCumprod }: NoiseSchedule): readonly number[] =>
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
function timestepOf(sigma: number, trained: readonly number[]): number {
  const above = trained.findIndex((value) => value > sigma);
  if (above < 0) return trained.length - 1;
  if (above === 0) return 0;
  const [low, high] = [Math.log(trained[above - 1]!), Math.log(trained[above]!)];
  return above - 1 + (Math.log(sigma) - low) / (high - low);
}

/** `count` sigmas from the largest to the smallest: even in the 7th root (Karras et al. 2022, eq. 5) or in the logarithm. */
function spacedSigmas(kind: Exclude<SigmaSpacing, 'default'>, largest: number, smallest: number, count: number): number[] {
  const even = (from: number, to: number, i: number): number => (count === 1 ? from : from + ((to - from) * i) / (count - 1));
  return Array.from({ length: count }, (_, i) =>
    kind === 'karras' ? even(largest ** (1 / 7), smallest ** (1 / 7), i) ** 7 : Math.exp(even(Math.log(largest), Math.log(smallest), i)),
  );
}

/** Levels of the samplers whose x is clean + sigma * noise: between those of the first and the last timestep, timesteps not rounded. */
export function sigmaWalk(schedule: NoiseSchedule, steps: number, kind: SigmaSpacing): SigmaWalk {
  const trained = trainedSigmas(schedule);
  const timesteps = spacedTimesteps(schedule.spacing, steps, trained.length, schedule.stepsOffset, false);
  const sigmas = timesteps.map((t) => interpolated(trained, t));
  if (kind === 'default') return { timesteps, sigmas: [...sigmas, 0] };
  const spaced = spacedSigmas(kind, sigmas[0]!, sigmas.at(-1)!, steps);
  return { timesteps: spaced.map((sigma) => timestepOf(sigma, trained)), sigmas: [...spaced, 0] };
}

/**
 * Levels of the DPM-Solver family: its last step ends where a step more would begin; between the ends of the whole schedule when spaced by a formula.
 * Its timesteps are whole numbers: of Karras sigmas rounded, of exponential ones cut, as diffusers has them.
 */
export function solverWalk(schedule: NoiseSchedule, steps: number, kind: SigmaSpacing): SigmaWalk {
  const trained = trainedSigmas(schedule);
  if (kind !== 'default') {
    const spaced = spacedSigmas(kind, trained.at(-1)!, trained[0]!, steps);
    const whole = kind === 'karras' ? roundHalfEven : Math.floor;
    return { timesteps: spaced.map((sigma) => whole(timestepOf(sigma, trained))), sigmas: [...spaced, 0] };
  }
  const { spacing, stepsOffset } = schedule;
  const timesteps =
    spacing === 'trailing'
      ? spacedTimesteps(spacing, steps, trained.length, stepsOffset, true)
      : spacedTimesteps(spacing, steps + 1, trained.length, stepsOffset, true).slice(0, -1);
  return { timesteps, sigmas: [...timesteps.map((t) => trained[t]!), 0] };
}

/** Sampler.initialScale where x is clean + sigma * noise. */
export const largestScale = ({ spacing }: NoiseSchedule, largest: number): number =>
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
