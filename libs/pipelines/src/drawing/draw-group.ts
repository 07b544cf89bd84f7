// Pictures of one size drawn together: from noise, over a picture, or over part of one.
import { createSampler, firstStep } from '@facewright/models';
import type { ImageBuffer, Rng, Tensor } from '@facewright/tensor';
import { conditioningRows, zeroConditioning } from '../diffusion/conditioning.ts';
import { denoise, rowNoise } from '../diffusion/denoise.ts';
import type { DiffusionModel } from '../diffusion/open-diffusion.ts';
import type { SamplingSettings } from './ports.ts';

type Floats = Tensor<'float32'>;

export interface DrawRow {
  readonly text: string;
  /** Of this picture alone: its first values are the noise that the picture begins with. */
  readonly rng: Rng;
}

export interface DrawGroup {
  readonly model: DiffusionModel;
  readonly settings: SamplingSettings;
  readonly rows: readonly DrawRow[];
  /** [height, width] of the latents. */
  readonly size: readonly [number, number];
  /** How much of the schedule is walked: 1 draws from pure noise. Default 1. */
  readonly strength?: number;
  /** Latents of the pictures that are drawn over, [n, channels, h, w], and where: 1 is repainted, 0 kept, [n, 1, h, w]. */
  readonly over?: {
    readonly clean: Floats;
    readonly mask?: Float32Array;
    /** Latents of the pictures without what is repainted, for a U-Net that takes mask and picture. */
    readonly masked?: Floats;
  };
  onStep(done: number, total: number, original: () => Floats): Promise<void>;
}

/** The pictures, in the order of the rows. Throws MODELS_INPUT for settings that the schedule cannot give. */
export async function drawGroup({ model, settings, rows, size, strength = 1, over, onStep }: DrawGroup): Promise<ImageBuffer[]> {
  const [height, width] = size;
  const channels = model.vae.latentChannels;
  const sampler = createSampler(settings.scheduler, model.schedule, settings.steps, { sigmas: settings.sigmas });
  const first = firstStep(sampler, strength);
  const rngs = rows.map(({ rng }) => rng);
  const noise = rowNoise(rngs, channels * height * width);
  const encoded = await model.encodePrompts([settings.negativePrompt, ...rows.map(({ text }) => text)], settings.clipSkip);
  const away = conditioningRows(encoded, [0]);
  const begin = over && strength < 1 ? sampler.addNoise(over.clean.data, noise, first) : noise.map((value) => value * sampler.initialScale);
  const seesMask = over?.mask !== undefined && over.masked !== undefined;
  const latents = await denoise({
    model,
    sampler,
    first,
    rngs,
    latents: { dtype: 'float32', dims: [rows.length, channels, height, width], data: begin },
    conditioning: conditioningRows(
      encoded,
      rows.map((_, i) => i + 1),
    ),
    unconditional: model.emptyIsZero && settings.negativePrompt === '' ? zeroConditioning(away) : away,
    guidance: settings.guidance,
    guidanceRescale: settings.guidanceRescale,
    ...(seesMask && { conditions: conditionsOf(over.mask, over.masked, height * width) }),
    ...(over?.mask && !seesMask && { known: { clean: over.clean.data, noise, mask: over.mask } }),
    onStep,
  });
  return model.decodeLatents(latents);
}

/** Mask, then masked latents, in the order in which inpainting U-Nets were trained: [n, 1 + channels, h, w]. */
function conditionsOf(mask: Float32Array, masked: Floats, plane: number): Floats {
  const [rows = 0, channels = 0, ...rest] = masked.dims;
  const data = new Float32Array(rows * (1 + channels) * plane);
  for (let row = 0; row < rows; row++) {
    data.set(mask.subarray(row * plane, (row + 1) * plane), row * (1 + channels) * plane);
    data.set(masked.data.subarray(row * channels * plane, (row + 1) * channels * plane), (row * (1 + channels) + 1) * plane);
  }
  return { dtype: 'float32', dims: [rows, 1 + channels, ...rest], data };
}
