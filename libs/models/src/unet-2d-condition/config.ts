// Configuration of UNet2DConditionModel, as diffusers writes it to config.json.
import { ConfigReader, type Json } from '../config.ts';

const downTypes = ['CrossAttnDownBlock2D', 'DownBlock2D'] as const;
const upTypes = ['UpBlock2D', 'CrossAttnUpBlock2D'] as const;

export interface UNetConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Height and width of the latents it was trained on. */
  readonly sampleSize: number;
  readonly downBlockTypes: readonly (typeof downTypes)[number][];
  readonly upBlockTypes: readonly (typeof upTypes)[number][];
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: readonly number[];
  /** Attention heads per block. */
  readonly heads: readonly number[];
  readonly transformerLayers: readonly number[];
  readonly onlyCrossAttention: readonly boolean[];
  readonly crossAttentionDim: number;
  readonly useLinearProjection: boolean;
  readonly normGroups: number;
  readonly normEpsilon: number;
  readonly midBlockScale: number;
  readonly flipSinToCos: boolean;
  readonly freqShift: number;
  /** Pooled text and sizes of the picture beside the time, as Stable Diffusion XL has; null without. */
  readonly addition: AdditionConfig | null;
}

export interface AdditionConfig {
  /** Width of the pooled text. */
  readonly textWidth: number;
  /** Width of the sinusoids of each of the `timeIds` numbers. */
  readonly timeWidth: number;
}

/** Numbers beside the pooled text: original height and width, top and left of the cut, target height and width. */
export const timeIds = 6;

/** Reads a diffusers config. Throws MODELS_CONFIG naming every value that is malformed or not supported. */
export function parseUNetConfig(json: Json): UNetConfig {
  const c = new ConfigReader('UNet2DConditionModel', json);
  const blockOutChannels = c.integers('block_out_channels');
  const blocks = blockOutChannels.length;
  const config: UNetConfig = {
    inChannels: c.integer('in_channels', 4),
    outChannels: c.integer('out_channels', 4),
    sampleSize: c.integer('sample_size', 64),
    downBlockTypes: c.strings('down_block_types', downTypes, [
      'CrossAttnDownBlock2D',
      'CrossAttnDownBlock2D',
      'CrossAttnDownBlock2D',
      'DownBlock2D',
    ]),
    upBlockTypes: c.strings('up_block_types', upTypes, ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D']),
    blockOutChannels,
    layersPerBlock: c.perBlock('layers_per_block', blocks, 2),
    // diffusers reads attention_head_dim as the number of heads; the misnomer stays for the sake of old files
    heads: c.perBlock('attention_head_dim', blocks, 8),
    transformerLayers: c.perBlock('transformer_layers_per_block', blocks, 1),
    onlyCrossAttention: c.perBlock('only_cross_attention', blocks, false),
    crossAttentionDim: c.integer('cross_attention_dim', 1280),
    useLinearProjection: c.boolean('use_linear_projection', false),
    normGroups: c.integer('norm_num_groups', 32),
    normEpsilon: c.number('norm_eps', 1e-5),
    midBlockScale: c.number('mid_block_scale_factor', 1),
    flipSinToCos: c.boolean('flip_sin_to_cos', true),
    freqShift: c.number('freq_shift', 0),
    addition: additionOf(c),
  };
  c.oneOf('mid_block_type', ['UNetMidBlock2DCrossAttn'], 'UNetMidBlock2DCrossAttn');
  c.oneOf('act_fn', ['silu', 'swish'], 'silu');
  c.oneOf('downsample_padding', [1], 1);
  c.oneOf('conv_in_kernel', [3], 3);
  c.oneOf('conv_out_kernel', [3], 3);
  c.oneOf('resnet_time_scale_shift', ['default'], 'default');
  c.oneOf('resnet_out_scale_factor', [1], 1);
  c.oneOf('time_embedding_type', ['positional'], 'positional');
  c.oneOf('attention_type', ['default'], 'default');
  c.oneOf('dropout', [0], 0);
  c.oneOf('addition_embed_type_num_heads', [64], 64);
  // arithmetic is float32 throughout, so attention needs no upcast
  c.ignore('upcast_attention');
  for (const [key, list] of [
    ['down_block_types', config.downBlockTypes],
    ['up_block_types', config.upBlockTypes],
  ] as const) {
    if (list.length !== blocks && list.length > 0)
      c.problems.push(`${key}: expected ${blocks} entries as in block_out_channels, got ${list.length}`);
  }
  blockOutChannels.forEach((channels, i) => {
    if (channels % config.normGroups !== 0)
      c.problems.push(`norm_num_groups: expected a divisor of block_out_channels[${i}] = ${channels}, got ${config.normGroups}`);
    if (channels % (config.heads[i] ?? 1) !== 0)
      c.problems.push(`attention_head_dim: expected a divisor of block_out_channels[${i}] = ${channels}, got ${config.heads[i]}`);
  });
  c.finish();
  return config;
}

function additionOf(c: ConfigReader): AdditionConfig | null {
  if (c.oneOf('addition_embed_type', [null, 'text_time'], null) === null) return null;
  const before = c.problems.length;
  const timeWidth = c.integer('addition_time_embed_dim');
  const inputs = c.integer('projection_class_embeddings_input_dim');
  const textWidth = inputs - timeIds * timeWidth;
  if (textWidth <= 0 && c.problems.length === before)
    c.problems.push(
      `projection_class_embeddings_input_dim: expected more than ${timeIds} times addition_time_embed_dim = ${timeWidth}, got ${inputs}`,
    );
  return { textWidth, timeWidth };
}

/** unet/config.json of Stable Diffusion 1.5. */
export const sd15UNetConfig: Json = {
  _class_name: 'UNet2DConditionModel',
  act_fn: 'silu',
  attention_head_dim: 8,
  block_out_channels: [320, 640, 1280, 1280],
  center_input_sample: false,
  cross_attention_dim: 768,
  down_block_types: ['CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D', 'DownBlock2D'],
  downsample_padding: 1,
  flip_sin_to_cos: true,
  freq_shift: 0,
  in_channels: 4,
  layers_per_block: 2,
  mid_block_scale_factor: 1,
  norm_eps: 1e-5,
  norm_num_groups: 32,
  out_channels: 4,
  sample_size: 64,
  up_block_types: ['UpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'CrossAttnUpBlock2D'],
};

/** unet/config.json of Stable Diffusion 2 for pictures of 768 x 768. */
export const sd2UNetConfig: Json = {
  ...sd15UNetConfig,
  attention_head_dim: [5, 10, 20, 20],
  cross_attention_dim: 1024,
  sample_size: 96,
  use_linear_projection: true,
};

/** unet/config.json of Stable Diffusion XL. */
export const sdxlUNetConfig: Json = {
  ...sd15UNetConfig,
  addition_embed_type: 'text_time',
  addition_time_embed_dim: 256,
  attention_head_dim: [5, 10, 20],
  block_out_channels: [320, 640, 1280],
  cross_attention_dim: 2048,
  down_block_types: ['DownBlock2D', 'CrossAttnDownBlock2D', 'CrossAttnDownBlock2D'],
  projection_class_embeddings_input_dim: 2816,
  sample_size: 128,
  transformer_layers_per_block: [1, 2, 10],
  up_block_types: ['CrossAttnUpBlock2D', 'CrossAttnUpBlock2D', 'UpBlock2D'],
  use_linear_projection: true,
};
