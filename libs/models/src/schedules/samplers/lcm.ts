// Multistep consistency sampling, Luo et al. 2023 (arXiv 2310.04378), algorithm 3: jump to the picture, noise it for the next timestep.
import { err } from '../../errors.ts';
import { checkSignal, mix, mixAt, splitClipped } from '../alphas.ts';
import type { MakeSampler } from '../sampler.ts';

/** Standard deviation that consistency models are taught to expect of data. */
const dataDeviation = 0.5;

export const lcm: MakeSampler = (schedule, steps) => {
  const { alphasCumprod: alphas, originalSteps, timestepScaling } = schedule;
  if (steps > originalSteps)
    throw err.INPUT('steps of sampler lcm', `at most the ${originalSteps} that the model was distilled for`, `${steps}`);
  if (originalSteps > alphas.length)
    throw err.INPUT('original_inference_steps of sampler lcm', `at most the ${alphas.length} trained timesteps`, `${originalSteps}`);
  const stride = Math.floor(alphas.length / originalSteps);
  const timesteps = Array.from({ length: steps }, (_, i) => (originalSteps - Math.floor(i * (originalSteps / steps))) * stride - 1);
  checkSignal('lcm', schedule, timesteps);
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: 1,
    scaleInput: (x) => x,
    step(predicted, x, step, noise) {
      const t = timesteps[step]!;
      const alpha = alphas[t]!;
      const [square, scaledTime] = [dataDeviation ** 2, t * timestepScaling];
      const [skip, out] = [square / (scaledTime ** 2 + square), scaledTime / Math.sqrt(scaledTime ** 2 + square)];
      const clean = x.map((value, i) => out * splitClipped(schedule, predicted[i]!, value, alpha)[0] + skip * value);
      return step + 1 < steps ? mix(clean, noise(), alphas[timesteps[step + 1]!]!) : clean;
    },
    addNoise: mixAt(schedule, timesteps),
  };
};
