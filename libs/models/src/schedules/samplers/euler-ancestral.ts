// Euler steps that go too far down and add the difference as noise (ancestral sampling), as in k-diffusion; variance of Ho et al. 2020.
import type { MakeSampler } from '../sampler.ts';
import { ancestralStep, cleanAt, largestScale, noised, scaled, sigmaWalk } from '../sigmas.ts';

export const eulerAncestral: MakeSampler = (schedule, steps, options) => {
  const { timesteps, sigmas } = sigmaWalk(schedule, steps, options.sigmas);
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: largestScale(schedule, sigmas[0]!),
    scaleInput: (x, step) => scaled(x, sigmas[step]!),
    step: (predicted, x, step, noise) =>
      ancestralStep(x, cleanAt(schedule, predicted, x, sigmas[step]!), sigmas[step]!, sigmas[step + 1]!, noise),
    addNoise: (clean, noise, step) => noised(clean, noise, sigmas[step]!),
  };
};
