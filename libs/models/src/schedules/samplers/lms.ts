// Linear multistep of order 4 on the probability flow: Adams-Bashforth for uneven sigmas, as in k-diffusion.
import type { MakeSampler } from '../sampler.ts';
import { cleanAt, largestScale, noised, scaled, sigmaWalk } from '../sigmas.ts';
import { WalkMemory } from '../walk-memory.ts';

/** diffusers begins in the middle with weights of order 4 and too few slopes for them; here the order is that of the slopes there are. */
export const lms: MakeSampler = (schedule, steps, options) => {
  const { timesteps, sigmas } = sigmaWalk(schedule, steps, options.sigmas);
  const memory = new WalkMemory<readonly Float32Array[]>();
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: largestScale(schedule, sigmas[0]!),
    scaleInput: (x, step) => scaled(x, sigmas[step]!),
    step(predicted, x, step) {
      const sigma = sigmas[step]!;
      const clean = cleanAt(schedule, predicted, x, sigma);
      const slope = x.map((value, i) => (value - clean[i]!) / sigma);
      const slopes = [slope, ...(memory.before(step) ?? [])].slice(0, 4);
      memory.keep(step, slopes);
      const nodes = slopes.map((_, k) => sigmas[step - k]!);
      const weights = slopes.map((_, k) => basisIntegral(nodes, k, sigma, sigmas[step + 1]!));
      return x.map((value, i) => slopes.reduce((sum, values, k) => sum + weights[k]! * values[i]!, value));
    },
    addNoise: (clean, noise, step) => noised(clean, noise, sigmas[step]!),
  };
};

/** Integral of the Lagrange basis polynomial that is 1 at `nodes[k]` and 0 at the others: Gauss's rule of two points, exact up to degree 3, which four nodes give. */
function basisIntegral(nodes: readonly number[], k: number, from: number, to: number): number {
  const basis = (s: number): number =>
    nodes.reduce((product, node, j) => (j === k ? product : (product * (s - node)) / (nodes[k]! - node)), 1);
  const [middle, half] = [(from + to) / 2, (to - from) / 2];
  const offset = half / Math.sqrt(3);
  return half * (basis(middle - offset) + basis(middle + offset));
}
