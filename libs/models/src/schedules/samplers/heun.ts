// Heun's second-order method on the probability flow, Karras et al. 2022 (arXiv 2206.00364), algorithm 1.
import { clamped } from '../noise-schedule.ts';
import type { MakeSampler } from '../sampler.ts';
import { cleanAt, largestScale, noised, scaled, sigmaWalk } from '../sigmas.ts';
import { WalkMemory } from '../walk-memory.ts';

/** Every step but the last calls the model where it begins and where Euler's method would end. */
export const heun: MakeSampler = (schedule, steps, options) => {
  const walk = sigmaWalk(schedule, steps, options.sigmas);
  const timesteps = walk.timesteps.flatMap((t, i) => (i === 0 ? [t] : [t, t]));
  const sigmaOf = (call: number): number => walk.sigmas[Math.ceil(call / 2)]!;
  const memory = new WalkMemory<{ readonly x: Float32Array; readonly slope: Float32Array }>();
  return {
    timesteps,
    steps,
    order: 2,
    initialScale: largestScale(schedule, walk.sigmas[0]!),
    scaleInput: (x, call) => scaled(x, sigmaOf(call)),
    step(predicted, x, call) {
      const sigma = sigmaOf(call);
      const clean = cleanAt(schedule, predicted, x, sigma).map((value) => clamped(value, schedule.clip));
      const slope = x.map((value, i) => (value - clean[i]!) / sigma);
      if (call % 2 === 0) {
        memory.keep(call, { x, slope });
        const change = sigmaOf(call + 1) - sigma;
        return x.map((value, i) => value + slope[i]! * change);
      }
      const from = memory.needed(call);
      const change = sigma - sigmaOf(call - 1);
      return from.x.map((value, i) => value + ((from.slope[i]! + slope[i]!) / 2) * change);
    },
    addNoise: (clean, noise, call) => noised(clean, noise, sigmaOf(call)),
  };
};
