// Pseudo linear multistep (PLMS), Liu et al. 2022 (arXiv 2202.09778), eq. 9 and 12, started without Runge-Kutta steps as Stable Diffusion has it.
import { checkSignal, mixAt } from '../alphas.ts';
import { splitPrediction } from '../noise-schedule.ts';
import type { MakeSampler } from '../sampler.ts';
import { spacedTimesteps } from '../spacing.ts';
import { WalkMemory } from '../walk-memory.ts';

/** Adams-Bashforth weights of the newest prediction and those before it, by how many there are. */
const weights: readonly (readonly number[])[] = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]];

interface State {
  /** Calls of this walk so far. */
  readonly calls: number;
  /** x where the latest call was. */
  readonly x: Float32Array;
  /** Predictions that count, the newest first. */
  readonly predictions: readonly Float32Array[];
}

/**
 * The second call of a walk takes its first step again, with the mean of the predictions at both ends; so there is one call more than steps.
 * Begun in the middle it does the same, as diffusers: from the third call on the model is told a timestep one step ahead of x.
 */
export const pndm: MakeSampler = (schedule, steps) => {
  const { alphasCumprod: alphas, setAlphaToOne, prediction, spacing, stepsOffset } = schedule;
  const spaced = spacedTimesteps(spacing, steps, alphas.length, stepsOffset, true);
  checkSignal('pndm', schedule, spaced);
  const timesteps = [...spaced.slice(0, 2), ...spaced.slice(1)];
  const stride = Math.floor(alphas.length / steps);
  const final = setAlphaToOne ? 1 : alphas[0]!;
  const memory = new WalkMemory<State>();
  /** Eq. 9: the noise kept, its share changed. */
  const move = (x: Float32Array, predicted: Float32Array, from: number, to: number): Float32Array => {
    const [alpha, next] = [alphas[from]!, to >= 0 ? alphas[to]! : final];
    const [signal, share] = [Math.sqrt(next), Math.sqrt(1 - next)];
    return x.map((value, i) => {
      const [clean, noise] = splitPrediction(prediction, predicted[i]!, value, alpha);
      return signal * clean + share * noise;
    });
  };
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: 1,
    scaleInput: (x) => x,
    step(predicted, x, step) {
      const t = timesteps[step]!;
      const before = memory.before(step);
      if (before?.calls === 1) {
        memory.keep(step, { ...before, calls: 2 });
        const [first] = before.predictions as [Float32Array];
        const mean = predicted.map((value, i) => (value + first[i]!) / 2);
        return move(before.x, mean, t + stride, t);
      }
      const predictions = [predicted, ...(before?.predictions ?? [])].slice(0, weights.length);
      memory.keep(step, { calls: (before?.calls ?? 0) + 1, x, predictions });
      const own = weights[predictions.length - 1]!;
      const combined = predicted.map((_, i) => predictions.reduce((sum, values, k) => sum + own[k]! * values[i]!, 0));
      return move(x, combined, t, t - stride);
    },
    addNoise: mixAt(schedule, timesteps),
  };
};
