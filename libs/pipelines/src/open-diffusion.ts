// A latent diffusion model opened for use: text in, noise predictions, pictures to latents and back.
import type { Model, NodeContext } from '@facewright/core';
import {
  guide,
  latentStride,
  parseAutoencoderConfig,
  parseClipTextConfig,
  parseNoiseSchedule,
  parseUNetConfig,
  storedWeights,
  textGraph,
  unetGraph,
  vaeDecodeGraph,
  vaeEncodeGraph,
  type AutoencoderConfig,
  type NoiseSchedule,
  type UNetConfig,
} from '@facewright/models';
import { buildModel, type Value } from '@facewright/onnx';
import { imagesToTensor, sizeOf, tensorToImages, type ImageBuffer, type Rng, type Session, type Tensor } from '@facewright/tensor';
import { err } from './errors.ts';
import { loraAdditions } from './lora-additions.ts';
import { componentKey, componentOf, componentWeights } from './model-files.ts';
import { fusedWhere } from './fused-where.ts';
import { gatherRows, runRows, stackRows } from './run-rows.ts';
import { openClipTokenizer } from './open-tokenizer.ts';

type Floats = Tensor<'float32'>;

export interface PredictRequest {
  /** [n, latent channels, h, w], scaled as the schedule asks. */
  readonly latents: Floats;
  /** Training timestep, the same for all rows or one for each; fractions allowed. */
  readonly timestep: number | readonly number[];
  /** [n, tokens, width]. */
  readonly text: Floats;
  /** [1, tokens, width] or [n, tokens, width]: what guidance leads away from. */
  readonly unconditional?: Floats;
  /** Classifier-free guidance: 1 follows the text alone and needs no second prediction. */
  readonly guidance?: number;
  /** Further input channels [n, k, h, w]: mask and masked latents of an inpainting U-Net. */
  readonly conditions?: Floats;
}

export interface DiffusionModel {
  readonly unet: UNetConfig;
  readonly vae: AutoencoderConfig;
  readonly schedule: NoiseSchedule;
  /** Pixels per latent along each side. */
  readonly stride: number;
  /** Sides of pictures are multiples of this many pixels: the U-Net halves latents as often as it has blocks, less one. */
  readonly multiple: number;
  /** Side of the pictures it was trained on, in pixels. */
  readonly size: number;
  /** [n, tokens, width] for n texts; equal texts are computed once. Texts that are too long are cut. */
  encodeText(texts: readonly string[]): Promise<Floats>;
  /** What the U-Net predicts, [n, latent channels, h, w]: noise, for most models. */
  predict(request: PredictRequest): Promise<Floats>;
  /** Latents [n, channels, h / stride, w / stride] of pictures of one size, times the scaling factor: the means, or sampled with `rng`. Throws PIPELINES_SIZE. */
  encodeImages(images: readonly ImageBuffer[], rng?: Rng): Promise<Floats>;
  /** The inverse. */
  decodeLatents(latents: Floats): Promise<ImageBuffer[]>;
}

export interface DiffusionOptions {
  /** Most rows in one run of the U-Net. Pictures go through the autoencoder in smaller groups when they are large. */
  readonly batch: number;
}

/** Pixels that go through the autoencoder at once: one picture of 512 x 512, whose widest layer takes 134 MB. */
const pixelsAtOnce = 512 * 512;

/** Opens a handle of family 'diffusion'. Throws PIPELINES_COMPONENT, MODELS_CONFIG, MODELS_WEIGHTS, WEIGHTS_LORA; nothing is computed yet. */
export async function openDiffusion(handle: Model<'diffusion'>, ctx: NodeContext, { batch }: DiffusionOptions): Promise<DiffusionModel> {
  const unet = parseUNetConfig(componentOf(handle, 'unet').config);
  const vae = parseAutoencoderConfig(componentOf(handle, 'vae').config);
  const text = parseClipTextConfig(componentOf(handle, 'text_encoder').config);
  const schedule = parseNoiseSchedule(componentOf(handle, 'scheduler').config);
  if (text.width !== unet.crossAttentionDim)
    throw err.NETWORK(handle.name, `text features of width ${unet.crossAttentionDim}, as the U-Net reads`, `${text.width}`);
  const weights = {
    unet: await loraAdditions(handle, 'unet', storedWeights(await componentWeights(handle, 'unet', ctx)), unet, ctx),
    vae: storedWeights(await componentWeights(handle, 'vae', ctx)),
    text: await loraAdditions(handle, 'text_encoder', storedWeights(await componentWeights(handle, 'text_encoder', ctx)), text, ctx),
  };
  const tokenizer = await openClipTokenizer(handle, 'tokenizer', text.maxTokens, ctx);
  const open = opener(handle, ctx);
  const stride = latentStride(vae);
  const { signal } = ctx;

  return {
    unet,
    vae,
    schedule,
    stride,
    multiple: stride * 2 ** (unet.blockOutChannels.length - 1),
    size: unet.sampleSize * stride,

    async encodeText(texts) {
      const unique = [...new Set(texts)];
      const { ids, truncated } = tokenizer.encode(unique);
      const cut = unique.filter((_, i) => truncated[i]);
      if (cut.length > 0)
        ctx.log(
          'warn',
          `${cut.length} prompt(s) are longer than the ${tokenizer.length} tokens that the model reads and are cut, first ${JSON.stringify(cut[0])}`,
        );
      const tokens = tokenizer.length;
      const build = (n: number) => textGraph(text, { batch: n, tokens }, weights.text, fusedWhere(ctx));
      const { hidden } = await runRows(
        { input_ids: ids },
        { batch, signal, open: (n) => open('text_encoder', `${n}x${tokens}`, () => build(n)) },
      );
      return gatherRows(
        hidden!,
        texts.map((words) => unique.indexOf(words)),
      );
    },

    async predict({ latents, timestep, text: words, unconditional, guidance = 1, conditions }) {
      const [rows = 0, , height = 0, width = 0] = latents.dims;
      const guided = guidance !== 1 && unconditional !== undefined;
      const sample = conditions ? besides(latents, conditions) : latents;
      const times = typeof timestep === 'number' ? new Float32Array(rows).fill(timestep) : Float32Array.from(timestep);
      const feeds = { sample, timestep: { dtype: 'float32', dims: [rows], data: times } as Floats, encoder_hidden_states: words };
      const both = guided
        ? {
            sample: stackRows([sample, sample]),
            timestep: stackRows([feeds.timestep, feeds.timestep]),
            encoder_hidden_states: stackRows([
              unconditional.dims[0] === rows
                ? unconditional
                : gatherRows(
                    unconditional,
                    Array.from({ length: rows }, () => 0),
                  ),
              words,
            ]),
          }
        : feeds;
      const tokens = words.dims[1] ?? 0;
      const build = (n: number) => unetGraph(unet, { batch: n, height, width, tokens }, weights.unet, fusedWhere(ctx));
      const { prediction } = await runRows(both, {
        batch,
        signal,
        open: (n) => open('unet', [n, height, width, tokens].join('x'), () => build(n)),
      });
      if (!guided) return prediction!;
      const half = sizeOf(latents.dims);
      return {
        dtype: 'float32',
        dims: [rows, ...prediction!.dims.slice(1)],
        data: guide(prediction!.data.subarray(0, half), prediction!.data.subarray(half), guidance),
      };
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
      const build = (n: number) => vaeEncodeGraph(vae, { batch: n, height, width }, weights.vae, fusedWhere(ctx));
      const { mean, logvar } = await runRows(
        { sample: imagesToTensor(images, (byte) => byte / 127.5 - 1) },
        {
          batch: picturesAtOnce(batch, width, height),
          signal,
          open: (n) => open('vae', `encode${[n, height, width].join('x')}`, () => build(n)),
        },
      );
      const noise = rng?.normal(mean!.data.length);
      return { ...mean!, data: mean!.data.map((m, i) => vae.scalingFactor * (noise ? m + Math.exp(logvar!.data[i]! / 2) * noise[i]! : m)) };
    },

    async decodeLatents(latents) {
      const [, , h = 0, w = 0] = latents.dims;
      const [height, width] = [h * stride, w * stride];
      const build = (n: number) => vaeDecodeGraph(vae, { batch: n, height, width }, weights.vae, fusedWhere(ctx));
      const { sample } = await runRows(
        { latent_sample: { ...latents, data: latents.data.map((z) => z / vae.scalingFactor) } },
        {
          batch: picturesAtOnce(batch, width, height),
          signal,
          open: (n) => open('vae', `decode${[n, height, width].join('x')}`, () => build(n)),
        },
      );
      return tensorToImages(sample!, -1, 1);
    },
  };
}

/** Sessions of a model by component and shape. */
const opener =
  (handle: Model, ctx: NodeContext) =>
  (component: string, shape: string, build: () => Readonly<Record<string, Value>>): Promise<Session> =>
    ctx.session(`${componentKey(handle, component)}:${shape}`, () => buildModel(build()));

const picturesAtOnce = (batch: number, width: number, height: number): number =>
  Math.max(1, Math.min(batch, Math.floor(pixelsAtOnce / (width * height))));

/** [n, a, h, w] and [n, b, h, w] to [n, a + b, h, w]. */
function besides(left: Floats, right: Floats): Floats {
  const [rows = 0, a = 0, ...rest] = left.dims;
  const b = right.dims[1] ?? 0;
  const plane = sizeOf(rest);
  const data = new Float32Array(rows * (a + b) * plane);
  for (let row = 0; row < rows; row++) {
    data.set(left.data.subarray(row * a * plane, (row + 1) * a * plane), row * (a + b) * plane);
    data.set(right.data.subarray(row * b * plane, (row + 1) * b * plane), (row * (a + b) + a) * plane);
  }
  return { dtype: 'float32', dims: [rows, a + b, ...rest], data };
}
