// Denoising diffusion probabilistic models, Ho et al. 2020 (arXiv 2006.11239), eq. 6 and 7: the smaller of the two fixed variances.
import { checkSignal, mixAt, splitClipped } from '../alphas.ts';
import type { MakeSampler } from '../sampler.ts';
import { spacedTimesteps } from '../spacing.ts';

export const ddpm: MakeSampler = (schedule, steps) => {
  const { alphasCumprod: alphas, spacing, stepsOffset } = schedule;
  const timesteps = spacedTimesteps(spacing, steps, alphas.length, stepsOffset, true);
  checkSignal('ddpm', schedule, timesteps);
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: 1,
    scaleInput: (x) => x,
    step(predicted, x, step, noise) {
      const alpha = alphas[timesteps[step]!]!;
      const next = step + 1 < steps ? alphas[timesteps[step + 1]!]! : 1;
      const beta = 1 - alpha / next;
      const ofClean = (Math.sqrt(next) * beta) / (1 - alpha);
      const ofX = (Math.sqrt(alpha / next) * (1 - next)) / (1 - alpha);
      const deviation = Math.sqrt(((1 - next) / (1 - alpha)) * beta);
      const fresh = deviation > 0 ? noise() : null;
      return x.map((value, i) => {
        const [clean] = splitClipped(schedule, predicted[i]!, value, alpha);
        return ofClean * clean + ofX * value + (fresh ? deviation * fresh[i]! : 0);
      });
    },
    addNoise: mixAt(schedule, timesteps),
  };
};
