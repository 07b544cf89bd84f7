// The walk from noise to latents, with guidance, for drawing and for repainting.
import { createSampler, keepKnown, predictOriginal, type Sampler, type SamplerKind } from '@facewright/models';
import type { Tensor } from '@facewright/tensor';
import type { DiffusionModel } from './open-diffusion.ts';

type Floats = Tensor<'float32'>;

export interface DenoiseRequest {
  readonly model: DiffusionModel;
  readonly sampler: Sampler;
  /** The step that comes first; 0 begins with pure noise. */
  readonly first: number;
  /** [n, channels, h, w], noised as `first` wants them. */
  readonly latents: Floats;
  readonly text: Floats;
  readonly unconditional?: Floats;
  readonly guidance: number;
  /** Mask and masked latents [n, 1 + channels, h, w] for a U-Net that takes them. */
  readonly conditions?: Floats;
  /** For a U-Net that does not see the mask: where `mask` [n, 1, h, w] is 0, these latents and this noise are put back after every step. */
  readonly known?: { readonly clean: Float32Array; readonly noise: Float32Array; readonly mask: Float32Array };
  /** After each step but the last, with the clean latents that the model now sees behind the noise. */
  onStep?(done: number, total: number, original: () => Floats): Promise<void>;
}

/** Clean latents [n, channels, h, w]. */
export async function denoise({
  model,
  sampler,
  first,
  latents,
  text,
  unconditional,
  guidance,
  conditions,
  known,
  onStep,
}: DenoiseRequest): Promise<Floats> {
  const [, channels = 0, height = 0, width = 0] = latents.dims;
  const { timesteps } = sampler;
  const total = timesteps.length - first;
  let x = latents.data;
  for (let step = first; step < timesteps.length; step++) {
    const seen = sampler.scaleInput(x, step);
    const timestep = timesteps[step]!;
    const predicted = await model.predict({
      latents: { ...latents, data: seen },
      timestep,
      text,
      guidance,
      ...(unconditional && { unconditional }),
      ...(conditions && { conditions }),
    });
    x = sampler.step(predicted.data, x, step, () => {
      throw new Error('this walk adds no noise');
    });
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

/** The sampler and the step at which a walk begins that enters the schedule at `timestep`: the first that is not noisier. From `trained timesteps` on, pure noise. Throws MODELS_INPUT. */
export function samplerFrom(
  kind: SamplerKind,
  model: DiffusionModel,
  steps: number,
  timestep: number,
): { readonly sampler: Sampler; readonly first: number } {
  const sampler = createSampler(kind, model.schedule, steps);
  if (timestep >= model.schedule.alphasCumprod.length) return { sampler, first: 0 };
  const first = sampler.timesteps.findIndex((t) => t <= timestep);
  return { sampler, first: first < 0 ? sampler.timesteps.length - 1 : first };
}
