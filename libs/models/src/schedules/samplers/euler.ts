// Euler's method on the probability flow, Karras et al. 2022 (arXiv 2206.00364), algorithm 2 without churn.
import type { MakeSampler } from '../sampler.ts';
import { cleanAt, largestScale, noised, scaled, sigmaWalk } from '../sigmas.ts';

export const euler: MakeSampler = (schedule, steps, options) => {
  const { timesteps, sigmas } = sigmaWalk(schedule, steps, options.sigmas);
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: largestScale(schedule, sigmas[0]!),
    scaleInput: (x, step) => scaled(x, sigmas[step]!),
    step(predicted, x, step) {
      const clean = cleanAt(schedule, predicted, x, sigmas[step]!);
      const left = sigmas[step + 1]! / sigmas[step]!;
      return x.map((value, i) => clean[i]! + left * (value - clean[i]!));
    },
    addNoise: (clean, noise, step) => noised(clean, noise, sigmas[step]!),
  };
};
