// DPM-Solver++ of order 2 with one call a step, Lu et al. 2022 (arXiv 2211.01095), algorithm 2 (2M) and its SDE form, by midpoints.
import type { MakeSampler, NoiseSource } from '../sampler.ts';
import { halfwayOn, sharesAt, solverStep, solverWalk, unitClean, unitNoised } from '../solver.ts';
import { WalkMemory } from '../walk-memory.ts';

const multistep =
  (stochastic: boolean): MakeSampler =>
  (schedule, steps, options) => {
    const { timesteps, sigmas } = solverWalk(schedule, steps, options.sigmas);
    const memory = new WalkMemory<Float32Array>();
    return {
      timesteps,
      steps,
      order: 1,
      initialScale: 1,
      scaleInput: (x) => x,
      step(predicted, x, step, noise) {
        const [sigma, next] = [sigmas[step]!, sigmas[step + 1]!];
        const clean = unitClean(schedule, predicted, x, sigma);
        const before = memory.before(step);
        memory.keep(step, clean);
        // the last step ends at sigma 0, where a slope over the logarithm of sigma has no meaning
        const target = before && next > 0 ? halfwayOn(clean, before, sigmas[step - 1]!, sigma, next) : clean;
        return stochastic ? stochasticStep(x, target, sigma, next, noise) : solverStep(x, target, sigma, next);
      },
      addNoise: (clean, noise, step) => unitNoised(clean, noise, sigmas[step]!),
    };
  };

export const dpmpp2m = multistep(false);
export const dpmpp2mSde = multistep(true);

/** As {@link solverStep}, but twice as far towards the clean values in the logarithm of sigma, and noise instead of half of it. */
function stochasticStep(x: Float32Array, clean: Float32Array, sigma: number, next: number, noise: NoiseSource): Float32Array {
  const [signal, share] = sharesAt(next);
  const ratio = next / sigma;
  const ofX = (ratio * share) / sharesAt(sigma)[1];
  const [ofClean, ofNoise] = [signal * (1 - ratio ** 2), share * Math.sqrt(1 - ratio ** 2)];
  const fresh = next > 0 ? noise() : null;
  return x.map((value, i) => ofX * value + ofClean * clean[i]! + (fresh ? ofNoise * fresh[i]! : 0));
}
