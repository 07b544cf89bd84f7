// The walk from noise to latents, with guidance, for drawing and for repainting.
import { keepKnown, predictOriginal, type Sampler } from '@facewright/models';
import type { Rng, Tensor } from '@facewright/tensor';
import { checkFinite } from './check-finite.ts';
import type { Conditioning } from './conditioning.ts';
import type { DiffusionModel } from './open-diffusion.ts';

type Floats = Tensor<'float32'>;

export interface DenoiseRequest {
  readonly model: DiffusionModel;
  /** A new one: it remembers its walk. */
  readonly sampler: Sampler;
  /** The step that comes first; 0 begins with pure noise. */
  readonly first: number;
  /** [n, channels, h, w], noised as `first` wants them. */
  readonly latents: Floats;
  readonly conditioning: Conditioning;
  readonly unconditional?: Conditioning;
  readonly guidance: number;
  readonly guidanceRescale?: number;
  /** Fresh noise for samplers that add some on their way: one for each row, so that a picture does not depend on those drawn beside it. */
  readonly rngs: readonly Rng[];
  /** Mask and masked latents [n, 1 + channels, h, w] for a U-Net that takes them. */
  readonly conditions?: Floats;
  /** For a U-Net that does not see the mask: where `mask` [n, 1, h, w] is 0, these latents and this noise are put back after every step. */
  readonly known?: { readonly clean: Float32Array; readonly noise: Float32Array; readonly mask: Float32Array };
  /** After each step but the last, with the clean latents that the model now sees behind the noise. */
  onStep?(done: number, total: number, original: () => Floats): Promise<void>;
}

/** Standard normal values for all rows, each from its own generator. */
export function rowNoise(rngs: readonly Rng[], size: number): Float32Array {
  const data = new Float32Array(rngs.length * size);
  rngs.forEach((rng, row) => data.set(rng.normal(size), row * size));
  return data;
}

/** Clean latents [n, channels, h, w]. Throws PIPELINES_NOT_FINITE. */
export async function denoise({ model, sampler, first, latents, rngs, known, onStep, ...told }: DenoiseRequest): Promise<Floats> {
  const [, channels = 0, height = 0, width = 0] = latents.dims;
  const { timesteps } = sampler;
  const total = timesteps.length - first;
  let x = latents.data;
  for (let step = first; step < timesteps.length; step++) {
    const seen = sampler.scaleInput(x, step);
    const timestep = timesteps[step]!;
    const predicted = await model.predict({ ...told, latents: { ...latents, data: seen }, timestep });
    checkFinite(model.name, `the U-Net at step ${step + 1 - first} of ${total}`, predicted.data);
    x = sampler.step(predicted.data, x, step, () => rowNoise(rngs, channels * height * width));
    if (known) x = keepKnown(sampler, x, known, known.mask, channels, height * width, step + 1);
    if (step + 1 < timesteps.length) {
      await onStep?.(step + 1 - first, total, () => ({
        ...latents,
        data: predictOriginal(model.schedule, predicted.data, seen, Math.round(timestep)),
      }));
    }
  }
  return { ...latents, data: x };
}
