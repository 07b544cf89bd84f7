// Beginning a walk in the middle, for a picture that is changed, and keeping what is known of it.
import { err } from '../errors.ts';
import type { Sampler } from './sampler.ts';

/** The step where a picture changed with `strength` begins: 1 repaints from pure noise, 0 changes nothing (`timesteps.length`). Throws MODELS_INPUT outside [0, 1]. */
export function firstStep({ steps, order, timesteps }: Sampler, strength: number): number {
  if (!(strength >= 0 && strength <= 1)) throw err.INPUT('strength', 'a number from 0 to 1', `${strength}`);
  const left = Math.floor(steps * strength);
  return left === 0 ? timesteps.length : (steps - left) * order;
}

/** The step where a walk begins that enters the schedule at `timestep`: the first whole one that is not noisier, else the last. */
export function stepAtTimestep({ steps, order, timesteps }: Sampler, timestep: number): number {
  const starts = Array.from({ length: steps }, (_, i) => i * order);
  return starts.find((step) => timesteps[step]! <= timestep) ?? starts.at(-1)!;
}

/** Where a picture changed with `strength` begins: noised clean latents, or at strength 1 pure noise. */
export function startLatents(
  sampler: Sampler,
  clean: Float32Array,
  noise: Float32Array,
  strength: number,
): { readonly latents: Float32Array; readonly step: number } {
  const step = firstStep(sampler, strength);
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
