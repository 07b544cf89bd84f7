// Whole models as graphs with named inputs and outputs, ready to serialise or to differentiate.
import { input, type Value } from '@facewright/onnx';
import type { Shape } from '@facewright/tensor';
import { AutoencoderKL } from './autoencoder-kl/autoencoder-kl.ts';
import { latentStride, type AutoencoderConfig } from './autoencoder-kl/config.ts';
import { BlipReward } from './blip/blip-reward.ts';
import type { BlipRewardConfig } from './blip/config.ts';
import { ClipText, type ClipTextOptions } from './clip-text/clip-text.ts';
import type { ClipTextConfig } from './clip-text/config.ts';
import { bind, type BindOptions, type WeightSource } from './nn/binding.ts';
import { castTo } from './nn/layers.ts';
import { timeIds, type UNetConfig } from './unet-2d-condition/config.ts';
import { UNet2DCondition } from './unet-2d-condition/unet-2d-condition.ts';
import type { VisionTransformerConfig } from './vit/config.ts';
import { VisionTransformer } from './vit/vision-transformer.ts';

/** A float32 input, as numbers of the precision that the graph computes in. */
const fed = (name: string, shape: Shape, { precision = 'float32' }: BindOptions): Value => castTo(input(name, 'float32', shape), precision);
/** Outputs are float32 in every precision. */
const told = (value: Value): Value => castTo(value, 'float32');
/** The autoencoder of Stable Diffusion XL overflows in float16, and a face score is quick: both compute in float32. */
type InFloat32 = Omit<BindOptions, 'precision'>;

/** Sizes in latents. */
export interface UNetSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
}

/**
 * Inputs `sample` [batch, in, h, w], `timestep` float32 [batch], `encoder_hidden_states` [batch, tokens, width], for a config with an addition also `text_embeds`
 * [batch, pooled width] and `time_ids` float32 [batch, 6]; output `prediction` [batch, out, h, w].
 */
export function unetGraph(
  config: UNetConfig,
  { batch, height, width, tokens }: UNetSize,
  weights: WeightSource,
  options: BindOptions = {},
): { readonly prediction: Value } {
  const unet = new UNet2DCondition(config);
  const { addition } = config;
  const prediction = unet.forward(bind(unet, weights, options), {
    sample: fed('sample', [batch, config.inChannels, height, width], options),
    timestep: input('timestep', 'float32', [batch]),
    encoder_hidden_states: fed('encoder_hidden_states', [batch, tokens, config.crossAttentionDim], options),
    ...(addition && {
      text_embeds: fed('text_embeds', [batch, addition.textWidth], options),
      time_ids: input('time_ids', 'float32', [batch, timeIds]),
    }),
  });
  return { prediction: told(prediction) };
}

export interface TextGraphOptions extends BindOptions, Pick<ClipTextOptions, 'skip' | 'finalNorm'> {
  /** With output `pooled` and input `pool_index` int64 [batch]. Default false. */
  readonly pooled?: boolean;
  /** With inputs `token_embeds` float32 [batch, tokens, width] and `token_embeds_mask` float32 [batch, tokens, 1], 1 where a vector replaces that of its token. Default false. */
  readonly embeds?: boolean;
}

/** Input `input_ids` int64 [batch, tokens]; output `hidden` [batch, tokens, width], and as the options say `pooled` [batch, projection or width]. */
export function textGraph(
  config: ClipTextConfig,
  { batch, tokens }: { readonly batch: number; readonly tokens: number },
  weights: WeightSource,
  { pooled = false, embeds = false, skip = 0, finalNorm = true, ...options }: TextGraphOptions = {},
): Readonly<Record<'hidden', Value> & Partial<Record<'pooled', Value>>> {
  const text = new ClipText(config);
  const { hidden, pooled: vector } = text.forward(bind(text, weights, options), input('input_ids', 'int64', [batch, tokens]), {
    skip,
    finalNorm,
    ...(pooled && { poolIndex: input('pool_index', 'int64', [batch]) }),
    ...(embeds && {
      given: {
        vectors: fed('token_embeds', [batch, tokens, config.width], options),
        mask: input('token_embeds_mask', 'float32', [batch, tokens, 1]),
      },
    }),
  });
  return { hidden: told(hidden), ...(vector && { pooled: told(vector) }) };
}

/** Sizes in pixels. */
export interface PictureSize {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Input `sample` [batch, 3, h, w] in [-1, 1]; outputs `mean` and `logvar` [batch, latent channels, h / stride, w / stride], unscaled. */
export function vaeEncodeGraph(
  config: AutoencoderConfig,
  { batch, height, width }: PictureSize,
  weights: WeightSource,
  options: InFloat32 = {},
): { readonly mean: Value; readonly logvar: Value } {
  const vae = new AutoencoderKL(config);
  const { mean, logvar } = vae.encode(bind(vae, weights, options), input('sample', 'float32', [batch, config.inChannels, height, width]));
  return { mean, logvar };
}

/** Input `latent_sample` [batch, latent channels, h / stride, w / stride], unscaled; output `sample` [batch, 3, h, w], sizes in pixels. */
export function vaeDecodeGraph(
  config: AutoencoderConfig,
  { batch, height, width }: PictureSize,
  weights: WeightSource,
  options: InFloat32 = {},
): { readonly sample: Value } {
  const vae = new AutoencoderKL(config);
  const stride = latentStride(config);
  const latents = input('latent_sample', 'float32', [batch, config.latentChannels, height / stride, width / stride]);
  return { sample: vae.decode(bind(vae, weights, options), latents) };
}

/** Inputs `pixel_values` [batch, 3, size, size], `input_ids` int64 [batch, tokens], `attention_mask` float32 [batch, tokens]; output `reward` [batch], not rescaled. */
export function blipGraph(
  config: BlipRewardConfig,
  { batch, tokens }: { readonly batch: number; readonly tokens: number },
  weights: WeightSource,
  options: InFloat32 = {},
): { readonly reward: Value } {
  const model = new BlipReward(config);
  const { imageSize } = config.vision;
  const reward = model.forward(bind(model, weights, options), {
    pixel_values: input('pixel_values', 'float32', [batch, 3, imageSize, imageSize]),
    input_ids: input('input_ids', 'int64', [batch, tokens]),
    attention_mask: input('attention_mask', 'float32', [batch, tokens]),
  });
  return { reward };
}

/** Input `pixel_values` [batch, 3, size, size], normalised as `dinoPixels` says; output `features` [batch, width]: the vector of the whole picture. */
export function dinoGraph(
  config: VisionTransformerConfig,
  { batch }: { readonly batch: number },
  weights: WeightSource,
  options: InFloat32 = {},
): { readonly features: Value } {
  const model = new VisionTransformer(config);
  const { imageSize } = config;
  return { features: model.whole(bind(model, weights, options), input('pixel_values', 'float32', [batch, 3, imageSize, imageSize])) };
}
