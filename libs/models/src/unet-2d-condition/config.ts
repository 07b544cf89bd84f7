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
}

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
