// UniPC of order 2 with B(h) = e^h - 1 (bh2), Zhao et al. 2023 (arXiv 2302.04867), algorithms 1 to 4 for predicted originals.
import type { MakeSampler } from '../sampler.ts';
import { halfwayOn, solverStep, solverWalk, unitClean, unitNoised } from '../solver.ts';
import { WalkMemory } from '../walk-memory.ts';

interface State {
  /** x as the latest step left from it: corrected. */
  readonly x: Float32Array;
  /** Clean values at the latest step, and one before it if that was used. */
  readonly clean: Float32Array;
  readonly before: Float32Array | null;
}

/** Every call corrects the step that led to it, of the order that it had, and then predicts the next. */
export const unipc: MakeSampler = (schedule, steps, options) => {
  const { timesteps, sigmas } = solverWalk(schedule, steps, options.sigmas);
  const memory = new WalkMemory<State>();
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: 1,
    scaleInput: (x) => x,
    step(predicted, x, step) {
      const [sigma, next] = [sigmas[step]!, sigmas[step + 1]!];
      const clean = unitClean(schedule, predicted, x, sigma);
      const last = memory.before(step);
      const corrected = last ? correct(last, clean, sigmas, step) : x;
      // the last step ends at sigma 0, where a slope over the logarithm of sigma has no meaning
      const before = last && next > 0 ? last.clean : null;
      memory.keep(step, { x: corrected, clean, before });
      const target = before ? halfwayOn(clean, before, sigmas[step - 1]!, sigma, next) : clean;
      return solverStep(corrected, target, sigma, next);
    },
    addNoise: (clean, noise, step) => unitNoised(clean, noise, sigmas[step]!),
  };
};

/** The step to `step` taken again, knowing the clean values there: the weights of their differences solve eq. 5 of the paper. */
function correct({ x, clean, before }: State, here: Float32Array, sigmas: readonly number[], step: number): Float32Array {
  const [from, to] = [sigmas[step - 1]!, sigmas[step]!];
  if (!before)
    return solverStep(
      x,
      clean.map((value, i) => (value + here[i]!) / 2),
      from,
      to,
    );
  const h = Math.log(from / to);
  const scale = Math.expm1(-h);
  const [phi1, phi2] = [scale / -h - 1, (scale / -h - 1) / -h - 1 / 2];
  const [b1, b2] = [phi1 / scale, (2 * phi2) / scale];
  const r = -Math.log(sigmas[step - 2]! / from) / h;
  const ofBefore = (b1 - b2) / (1 - r);
  const ofHere = b1 - ofBefore;
  const target = clean.map((value, i) => value + (ofBefore / r) * (before[i]! - value) + ofHere * (here[i]! - value));
  return solverStep(x, target, from, to);
}
