// Denoising diffusion implicit models, Song et al. 2021 (arXiv 2010.02502), eq. 12 and 16.
import { checkSignal, mixAt, splitClipped } from '../alphas.ts';
import type { MakeSampler } from '../sampler.ts';
import { spacedTimesteps } from '../spacing.ts';

export const ddim: MakeSampler = (schedule, steps, { eta }) => {
  const { alphasCumprod: alphas, setAlphaToOne, spacing, stepsOffset } = schedule;
  const timesteps = spacedTimesteps(spacing, steps, alphas.length, stepsOffset, true);
  checkSignal('ddim', schedule, timesteps);
  const stride = Math.floor(alphas.length / steps);
  const final = setAlphaToOne ? 1 : alphas[0]!;
  return {
    timesteps,
    steps,
    order: 1,
    initialScale: 1,
    scaleInput: (x) => x,
    step(predicted, x, step, noise) {
      const [alpha, before] = [alphas[timesteps[step]!]!, timesteps[step]! - stride];
      const next = before >= 0 ? alphas[before]! : final;
      const deviation = eta * Math.sqrt(((1 - next) / (1 - alpha)) * (1 - alpha / next));
      const [signal, share] = [Math.sqrt(next), Math.sqrt(1 - next - deviation ** 2)];
      const fresh = eta > 0 ? noise() : null;
      return x.map((value, i) => {
        const [clean, epsilon] = splitClipped(schedule, predicted[i]!, value, alpha);
        return signal * clean + share * epsilon + (fresh ? deviation * fresh[i]! : 0);
      });
    },
    addNoise: mixAt(schedule, timesteps),
  };
};
