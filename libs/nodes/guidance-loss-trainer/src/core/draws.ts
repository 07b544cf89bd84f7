// Noise and times of a batch.
import type { NoiseSchedule } from '@facewright/models';
import { float32, sizeOf, type Rng, type Tensors } from '@facewright/tensor';

/** A draw of noise under a name, at times of its own in [from, to) or at those of an earlier draw. */
export type DrawSpec = { readonly name: string } & ({ readonly from: number; readonly to: number } | { readonly timesOf: string });

/** Feeds `NAME_noise` [batch, …latents], and for draws with times of their own `NAME_timestep` and `NAME_alpha_bar` [batch]. */
export function drawFeeds(spec: DrawSpec, batch: number, latents: readonly number[], { alphasCumprod }: NoiseSchedule, rng: Rng): Tensors {
  const times = 'from' in spec ? Array.from({ length: batch }, () => spec.from + rng.integer(spec.to - spec.from)) : null;
  const shape = [batch, ...latents];
  return {
    [`${spec.name}_noise`]: float32(shape, rng.normal(sizeOf(shape))),
    ...(times && {
      [`${spec.name}_timestep`]: float32([batch], times),
      [`${spec.name}_alpha_bar`]: float32(
        [batch],
        times.map((t) => alphasCumprod[t]!),
      ),
    }),
  };
}
