// DPM-Solver++ for the diffusion SDE, one step over two calls, Lu et al. 2022 (arXiv 2211.01095), as k-diffusion has it: an ancestral step to the middle, and with what it saw there a whole one.
import type { MakeSampler } from '../sampler.ts';
import { ancestralStep, cleanAt, largestScale, noised, scaled, sigmaWalk, timestepOf, trainedSigmas } from '../sigmas.ts';
import { WalkMemory } from '../walk-memory.ts';

/**
 * The noise of a whole step is that of its half and of the rest: values of one Brownian walk over sigma, whose increments are independent with variances as the distances.
 * They are drawn in the order of the walk, so that a seed gives one picture.
 */
export const dpmppSde: MakeSampler = (schedule, steps, options) => {
  const walk = sigmaWalk(schedule, steps, options.sigmas);
  const trained = trainedSigmas(schedule);
  const sigmas = walk.sigmas.slice(0, -1).flatMap((sigma, i) => (i === 0 ? [sigma] : [Math.sqrt(walk.sigmas[i - 1]! * sigma), sigma]));
  const timesteps = sigmas.map((sigma, call) => (call % 2 === 0 ? walk.timesteps[call / 2]! : timestepOf(sigma, trained)));
  const memory = new WalkMemory<{ readonly x: Float32Array; readonly noise: Float32Array }>();
  return {
    timesteps,
    steps,
    order: 2,
    initialScale: largestScale(schedule, sigmas[0]!),
    scaleInput: (x, call) => scaled(x, sigmas[call]!),
    step(predicted, x, call, noise) {
      const sigma = sigmas[call]!;
      const clean = cleanAt(schedule, predicted, x, sigma);
      if (call === timesteps.length - 1) return clean;
      if (call % 2 === 0) {
        const fresh = noise();
        memory.keep(call, { x, noise: fresh });
        return ancestralStep(x, clean, sigma, sigmas[call + 1]!, () => fresh);
      }
      const from = memory.needed(call);
      const [first, next] = [sigmas[call - 1]!, sigmas[call + 1]!];
      const share = (first - sigma) / (first - next);
      const whole = () => {
        const rest = noise();
        return from.noise.map((value, i) => Math.sqrt(share) * value + Math.sqrt(1 - share) * rest[i]!);
      };
      return ancestralStep(from.x, clean, first, next, whole);
    },
    addNoise: (clean, noise, call) => noised(clean, noise, sigmas[call] ?? 0),
  };
};
