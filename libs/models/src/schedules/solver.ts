// What the DPM-Solver family shares: x is of variance 1, and steps are taken in the logarithm of sigma.
import { err } from '../errors.ts';
import { splitPrediction, type NoiseSchedule } from './noise-schedule.ts';
import type { SigmaSpacing, SpacedSchedule } from './sampler.ts';
import { spacedSigmas, timestepOf, trainedSigmas, type SigmaWalk } from './sigmas.ts';
import { roundHalfEven, spacedTimesteps } from './spacing.ts';

/**
 * Levels of the DPM-Solver family: its last step ends where a step more would begin; between the ends of the whole schedule when spaced by a formula.
 * Its timesteps are whole numbers: of Karras sigmas rounded, of exponential ones the next below, as diffusers has them for Stable Diffusion.
 */
export function solverWalk(schedule: SpacedSchedule, steps: number, kind: SigmaSpacing): SigmaWalk {
  const trained = trainedSigmas(schedule);
  if (kind !== 'default') {
    const spaced = spacedSigmas(kind, trained.at(-1)!, trained[0]!, steps);
    const whole = kind === 'karras' ? roundHalfEven : (t: number) => Math.max(0, Math.ceil(t) - 1);
    return { timesteps: spaced.map((sigma) => whole(timestepOf(sigma, trained))), sigmas: [...spaced, 0] };
  }
  const { spacing, stepsOffset } = schedule;
  const timesteps =
    spacing === 'trailing'
      ? spacedTimesteps(spacing, steps, trained.length, stepsOffset, true)
      : spacedTimesteps(spacing, steps + 1, trained.length, stepsOffset, true).slice(0, -1);
  if (timesteps.some((t, i) => i > 0 && t >= timesteps[i - 1]!))
    throw err.INPUT('steps', 'few enough that each has a timestep of its own', `${steps} over ${trained.length} timesteps`);
  return { timesteps, sigmas: [...timesteps.map((t) => trained[t]!), 0] };
}

/** Shares of signal and noise, their squares sum to 1, where their ratio is sigma. */
export function sharesAt(sigma: number): readonly [signal: number, noise: number] {
  const signal = 1 / Math.sqrt(sigma ** 2 + 1);
  return [signal, sigma * signal];
}

/** Sampler.addNoise of these samplers. */
export function unitNoised(clean: Float32Array, noise: Float32Array, sigma: number): Float32Array {
  const [signal, share] = sharesAt(sigma);
  return clean.map((x, i) => signal * x + share * noise[i]!);
}

/** The clean values that a prediction for x implies. */
export function unitClean({ prediction }: NoiseSchedule, predicted: Float32Array, x: Float32Array, sigma: number): Float32Array {
  const alpha = 1 / (sigma ** 2 + 1);
  return x.map((value, i) => splitPrediction(prediction, predicted[i]!, value, alpha)[0]);
}

/** Lu et al., eq. 9 with clean values constant over the step: exact for them. */
export function solverStep(x: Float32Array, clean: Float32Array, sigma: number, next: number): Float32Array {
  const [signal, noise] = sharesAt(next);
  const [ofX, ofClean] = [noise / sharesAt(sigma)[1], signal * (1 - next / sigma)];
  return x.map((value, i) => ofX * value + ofClean * clean[i]!);
}

/** Clean values extrapolated to the middle of the coming step, in the logarithm of sigma, from those at its beginning and one step before. */
export function halfwayOn(clean: Float32Array, before: Float32Array, previous: number, sigma: number, next: number): Float32Array {
  const share = Math.log(sigma / next) / Math.log(previous / sigma) / 2;
  return clean.map((value, i) => value + share * (value - before[i]!));
}
