// A latent diffusion model opened for use: prompts in, noise predictions, pictures to latents and back.
import type { Model, NodeContext } from '@facewright/core';
import {
  latentStride,
  parseAutoencoderConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  type AutoencoderConfig,
  type NoiseSchedule,
  type UNetConfig,
} from '@facewright/models';
import { float32, imagesToTensor, tensorToImages, type ImageBuffer, type Rng, type Tensor } from '@facewright/tensor';
import { err } from '../errors.ts';
import { componentOf } from '../model-files.ts';
import { stackRows } from '../run-rows.ts';
import { openAutoencoder } from './autoencoder.ts';
import { checkFinite } from './check-finite.ts';
import { conditioningRows, type Conditioning } from './conditioning.ts';
import { guided } from './guidance.ts';
import { openText } from './open-text.ts';
import { openUNet } from './unet.ts';

type Floats = Tensor<'float32'>;

export interface PredictRequest {
  /** [n, latent channels, h, w], scaled as the schedule asks. */
  readonly latents: Floats;
  /** Training timestep, the same for all rows or one for each; fractions allowed. */
  readonly timestep: number | readonly number[];
  /** n rows. */
  readonly conditioning: Conditioning;
  /** 1 or n rows of equally many tokens: what guidance leads away from. */
  readonly unconditional?: Conditioning;
  /** Classifier-free guidance: 1 follows the text alone and needs no second prediction. */
  readonly guidance?: number;
  /** Share, 0 to 1, by which guided predictions are brought back to the deviation of the unguided. Default 0. */
  readonly guidanceRescale?: number;
  /** Further input channels [n, k, h, w]: mask and masked latents of an inpainting U-Net. */
  readonly conditions?: Floats;
}

export interface DiffusionModel {
  readonly name: string;
  readonly unet: UNetConfig;
  readonly vae: AutoencoderConfig;
  readonly schedule: NoiseSchedule;
  /** Pixels per latent along each side: sides of pictures are multiples of it. */
  readonly stride: number;
  /** Side of the pictures it was trained on, in pixels. */
  readonly size: number;
  /** Whether no negative prompt stands for zeros, as in Stable Diffusion XL, or for the encoding of an empty text. */
  readonly emptyIsZero: boolean;
  /** One row for each text; see docs/prompts.md for what a text may say. Throws PIPELINES_NOT_FINITE. `clipSkip` 1, the default, reads the last layer that the model was trained with. */
  encodePrompts(texts: readonly string[], clipSkip?: number): Promise<Conditioning>;
  /** What the U-Net predicts, [n, latent channels, h, w]: noise, for most models. */
  predict(request: PredictRequest): Promise<Floats>;
  /** Latents [n, channels, h / stride, w / stride] of pictures of one size, times the scaling factor: the means, or sampled with `rng`. Throws PIPELINES_SIZE. */
  encodeImages(images: readonly ImageBuffer[], rng?: Rng): Promise<Floats>;
  /** Likewise of pixels [n, 3, h, w] in [-1, 1]. */
  encodePixels(pixels: Floats, rng?: Rng): Promise<Floats>;
  /** The inverse. Throws PIPELINES_NOT_FINITE. */
  decodeLatents(latents: Floats): Promise<ImageBuffer[]>;
}

export interface DiffusionOptions {
  /** Most rows in one run of the U-Net. Pictures go through the autoencoder in smaller groups when they are large. */
  readonly batch: number;
}

/** Side of the pictures that a model was trained on, in pixels, by its configuration alone. Throws PIPELINES_COMPONENT, MODELS_CONFIG. */
export const trainedSize = (handle: Model<'diffusion'>): number =>
  parseUNetConfig(componentOf(handle, 'unet').config).sampleSize * latentStride(parseAutoencoderConfig(componentOf(handle, 'vae').config));

/** Opens a handle of family 'diffusion'. Throws PIPELINES_COMPONENT, PIPELINES_NETWORK, PIPELINES_FILE, MODELS_CONFIG, MODELS_WEIGHTS, WEIGHTS_*; nothing is computed yet. */
export async function openDiffusion(handle: Model<'diffusion'>, ctx: NodeContext, { batch }: DiffusionOptions): Promise<DiffusionModel> {
  const unet = parseUNetConfig(componentOf(handle, 'unet').config);
  const vae = parseAutoencoderConfig(componentOf(handle, 'vae').config);
  const schedule = parseNoiseSchedule(componentOf(handle, 'scheduler').config);
  const text = await openText(handle, { dual: unet.addition !== null, batch }, ctx);
  if (text.width !== unet.crossAttentionDim)
    throw err.NETWORK(handle.name, `text features of width ${unet.crossAttentionDim}, as the U-Net reads`, `${text.width}`);
  const predictRows = await openUNet(handle, unet, batch, ctx);
  const autoencoder = await openAutoencoder(handle, vae, batch, ctx);
  const stride = latentStride(vae);
  const encodePixels = async (pixels: Floats, rng?: Rng): Promise<Floats> => {
    const { mean, logvar } = await autoencoder.encode(pixels);
    const noise = logvar && rng?.normal(mean.data.length);
    return { ...mean, data: mean.data.map((m, i) => vae.scalingFactor * (noise ? m + Math.exp(logvar!.data[i]! / 2) * noise[i]! : m)) };
  };

  return {
    name: handle.name,
    unet,
    vae,
    schedule,
    stride,
    size: trainedSize(handle),
    // pipelines of diffusers that do not say take zeros
    emptyIsZero: unet.addition !== null && handle.components['pipeline']?.config['force_zeros_for_empty_prompt'] !== false,
    async encodePrompts(texts, clipSkip = 1) {
      const encoded = await text.encode(texts, clipSkip);
      checkFinite(handle.name, 'the text encoder', encoded.text.data);
      return encoded;
    },

    async predict({ latents, timestep, conditioning, unconditional, guidance = 1, guidanceRescale = 0, conditions }) {
      const [rows = 0, , height = 0, width = 0] = latents.dims;
      const sample = conditions ? besides(latents, conditions) : latents;
      const times = float32([rows], typeof timestep === 'number' ? new Float32Array(rows).fill(timestep) : Float32Array.from(timestep));
      const [h, w] = [height * stride, width * stride];
      const timeIds = (n: number) =>
        float32(
          [n, 6],
          Float32Array.from({ length: 6 * n }, (_, i) => [h, w, 0, 0, h, w][i % 6]!),
        );
      if (guidance === 1 || !unconditional) return predictRows({ sample, timestep: times, conditioning, timeIds: timeIds(rows) });
      const away =
        unconditional.text.dims[0] === rows
          ? unconditional
          : conditioningRows(
              unconditional,
              Array.from({ length: rows }, () => 0),
            );
      const both = await predictRows({
        sample: stackRows([sample, sample]),
        timestep: stackRows([times, times]),
        conditioning: {
          text: stackRows([away.text, conditioning.text]),
          pooled: away.pooled && conditioning.pooled && stackRows([away.pooled, conditioning.pooled]),
        },
        timeIds: timeIds(2 * rows),
      });
      return guided(both, guidance, guidanceRescale);
    },

    async encodeImages(images, rng) {
      const [first] = images;
      if (!first) return { dtype: 'float32', dims: [0, vae.latentChannels, 0, 0], data: new Float32Array() };
      const { width, height } = first;
      const other = images.find(
        (image) =>
          image.width !== width ||
          image.height !== height ||
          image.width % stride !== 0 ||
          image.height % stride !== 0 ||
          image.channels !== 3,
      );
      if (other)
        throw err.SIZE(
          'pictures to encode',
          `RGB pictures of one size with sides divisible by ${stride}`,
          `${width}x${height} and ${other.width}x${other.height} with ${other.channels} channels`,
        );
      return encodePixels(
        imagesToTensor(images, (byte) => byte / 127.5 - 1),
        rng,
      );
    },
    encodePixels,

    async decodeLatents(latents) {
      const decoded = await autoencoder.decode({ ...latents, data: latents.data.map((z) => z / vae.scalingFactor) });
      checkFinite(handle.name, 'the autoencoder (VAE)', decoded.data);
      return tensorToImages(decoded, -1, 1);
    },
  };
}

/** [n, a, h, w] and [n, b, h, w] to [n, a + b, h, w]. */
function besides(left: Floats, right: Floats): Floats {
  const [rows = 0, a = 0, ...rest] = left.dims;
  const b = right.dims[1] ?? 0;
  const plane = rest.reduce((size, side) => size * side, 1);
  const data = new Float32Array(rows * (a + b) * plane);
  for (let row = 0; row < rows; row++) {
    data.set(left.data.subarray(row * a * plane, (row + 1) * a * plane), row * (a + b) * plane);
    data.set(right.data.subarray(row * b * plane, (row + 1) * b * plane), (row * (a + b) + a) * plane);
  }
  return { dtype: 'float32', dims: [rows, a + b, ...rest], data };
}
