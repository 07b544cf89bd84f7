// Walks from noise to a picture: DDIM and Euler steps over a noise schedule.
import { err } from '../errors.ts';
import { splitPrediction, type NoiseSchedule, type Spacing } from './noise-schedule.ts';

export type SamplerKind = 'ddim' | 'euler';

/** Steps are numbered from 0 (most noise) to `timesteps.length - 1`; all arrays are of one latent shape and none is changed. */
export interface Sampler {
  /** What the model is told at each step. */
  readonly timesteps: readonly number[];
  /** Standard normal noise times this is where step 0 begins. */
  readonly initialScale: number;
  /** What the model sees of `x` at a step. */
  scaleInput(x: Float32Array, step: number): Float32Array;
  /** From the model's prediction for `x` at a step to x at the next. */
  step(predicted: Float32Array, x: Float32Array, step: number): Float32Array;
  /** Clean latents noised as they would be on entering a step; at `timesteps.length`, the end, they stay clean. */
  addNoise(clean: Float32Array, noise: Float32Array, step: number): Float32Array;
}

/** Training timesteps that `count` steps visit, most noise first. Whole numbers, but for linspace when `round` is false. */
export function spacedTimesteps(spacing: Spacing, count: number, trained: number, offset: number, round: boolean): number[] {
  switch (spacing) {
    case 'leading': {
      const ratio = Math.floor(trained / count);
      return Array.from({ length: count }, (_, i) => (count - 1 - i) * ratio + offset);
    }
    case 'trailing':
      return Array.from({ length: count }, (_, i) => roundHalfEven(trained - (i * trained) / count) - 1);
    case 'linspace':
      return Array.from({ length: count }, (_, i) => {
        const t = count === 1 ? 0 : ((trained - 1) * (count - 1 - i)) / (count - 1);
        return round ? roundHalfEven(t) : t;
      });
  }
}

/** As numpy rounds: halves go to the even neighbour. */
const roundHalfEven = (x: number): number => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));

/** Makes a sampler of `steps` steps. Throws MODELS_INPUT for a count that the schedule cannot give. */
export function createSampler(kind: SamplerKind, schedule: NoiseSchedule, steps: number): Sampler {
  const trained = schedule.alphasCumprod.length;
  if (!Number.isInteger(steps) || steps < 1 || steps > trained) throw err.INPUT('steps', `a whole number from 1 to ${trained}`, `${steps}`);
  const timesteps = spacedTimesteps(schedule.spacing, steps, trained, schedule.stepsOffset, kind === 'ddim');
  if (timesteps[0]! > trained - 1)
    throw err.INPUT(
      'steps',
      `a number whose first timestep is at most ${trained - 1}`,
      `${steps}, which begins at ${timesteps[0]} with steps_offset ${schedule.stepsOffset}`,
    );
  return kind === 'ddim' ? ddim(schedule, timesteps) : euler(schedule, timesteps);
}

const clamp = (x: number, limit: number | null): number => (limit === null ? x : Math.max(-limit, Math.min(limit, x)));

/** Denoising diffusion implicit models, Song et al. 2021, eq. 12 with η = 0. */
function ddim({ alphasCumprod: alphas, prediction, setAlphaToOne, clip }: NoiseSchedule, timesteps: readonly number[]): Sampler {
  const stride = Math.floor(alphas.length / timesteps.length);
  const final = setAlphaToOne ? 1 : alphas[0]!;
  const at = (step: number): number => alphas[timesteps[step]!]!;
  return {
    timesteps,
    initialScale: 1,
    scaleInput: (x) => x,
    step(predicted, x, step) {
      const [alpha, before] = [at(step), timesteps[step]! - stride];
      const next = before >= 0 ? alphas[before]! : final;
      const [signal, noise] = [Math.sqrt(next), Math.sqrt(1 - next)];
      return x.map((value, i) => {
        const [clean, epsilon] = splitPrediction(prediction, predicted[i]!, value, alpha);
        return signal * clamp(clean, clip) + noise * epsilon;
      });
    },
    addNoise(clean, noise, step) {
      const alpha = step < timesteps.length ? at(step) : 1;
      return clean.map((x, i) => Math.sqrt(alpha) * x + Math.sqrt(1 - alpha) * noise[i]!);
    },
  };
}

/** Euler's method on the probability flow, Karras et al. 2022, algorithm 2 without churn; x = clean + sigma * noise. */
function euler({ alphasCumprod: alphas, prediction, spacing }: NoiseSchedule, timesteps: readonly number[]): Sampler {
  const sigmas = [
    ...timesteps.map((t) => {
      const [low, high] = [Math.floor(t), Math.ceil(t)].map((i) => Math.sqrt((1 - alphas[i]!) / alphas[i]!)) as [number, number];
      return low + (t - Math.floor(t)) * (high - low);
    }),
    0,
  ];
  const largest = sigmas[0]!;
  return {
    timesteps,
    initialScale: spacing === 'leading' ? Math.sqrt(largest ** 2 + 1) : largest,
    scaleInput: (x, step) => {
      const scale = 1 / Math.sqrt(sigmas[step]! ** 2 + 1);
      return x.map((value) => value * scale);
    },
    step(predicted, x, step) {
      const [sigma, next] = [sigmas[step]!, sigmas[step + 1]!];
      const alpha = 1 / (sigma ** 2 + 1);
      return x.map((value, i) => {
        const [clean] = splitPrediction(prediction, predicted[i]!, value * Math.sqrt(alpha), alpha);
        return value + ((value - clean) / sigma) * (next - sigma);
      });
    },
    addNoise: (clean, noise, step) => clean.map((x, i) => x + sigmas[step]! * noise[i]!),
  };
}

/** The step where a picture changed with `strength` begins: 1 repaints from pure noise, 0 changes nothing. Throws MODELS_INPUT outside [0, 1]. */
export function firstStep(steps: number, strength: number): number {
  if (!(strength >= 0 && strength <= 1)) throw err.INPUT('strength', 'a number from 0 to 1', `${strength}`);
  return steps - Math.min(Math.floor(steps * strength), steps);
}

/** Where a picture changed with `strength` begins: noised clean latents, or at strength 1 pure noise. */
export function startLatents(
  sampler: Sampler,
  clean: Float32Array,
  noise: Float32Array,
  strength: number,
): { readonly latents: Float32Array; readonly step: number } {
  const step = firstStep(sampler.timesteps.length, strength);
  return { step, latents: strength === 1 ? noise.map((x) => x * sampler.initialScale) : sampler.addNoise(clean, noise, step) };
}

/**
 * Inpainting with a model that does not see the mask: what is known is put back, noised as at the coming step.
 * `mask` is [n, 1, h, w] for latents [n, channels, h, w], 1 where it is repainted and 0 where it is kept.
 */
export function keepKnown(
  sampler: Sampler,
  latents: Float32Array,
  known: { readonly clean: Float32Array; readonly noise: Float32Array },
  mask: Float32Array,
  channels: number,
  plane: number,
  nextStep: number,
): Float32Array {
  const noised = sampler.addNoise(known.clean, known.noise, nextStep);
  return latents.map((x, i) => {
    const m = mask[Math.floor(i / (channels * plane)) * plane + (i % plane)]!;
    return m * x + (1 - m) * noised[i]!;
  });
}

/** Classifier-free guidance: unconditional + scale * (conditional - unconditional) (Ho and Salimans 2022). */
export const guide = (unconditional: Float32Array, conditional: Float32Array, scale: number): Float32Array =>
  unconditional.map((u, i) => u + scale * (conditional[i]! - u));
