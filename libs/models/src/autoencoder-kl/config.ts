// Configuration of AutoencoderKL, as diffusers writes it to config.json.
import { ConfigReader, type Json } from '../config.ts';

export interface AutoencoderConfig {
  readonly inChannels: number;
  readonly outChannels: number;
  readonly latentChannels: number;
  readonly blockOutChannels: readonly number[];
  readonly layersPerBlock: number;
  readonly normGroups: number;
  /** Latents are multiplied by this before the U-Net sees them. */
  readonly scalingFactor: number;
  readonly midBlockAttention: boolean;
  readonly useQuantConv: boolean;
  readonly usePostQuantConv: boolean;
}

/** Pixels per latent along each side. */
export const latentStride = (config: AutoencoderConfig): number => 2 ** (config.blockOutChannels.length - 1);

/** Reads a diffusers config. Throws MODELS_CONFIG naming every value that is malformed or not supported. */
export function parseAutoencoderConfig(json: Json): AutoencoderConfig {
  const c = new ConfigReader('AutoencoderKL', json);
  const config: AutoencoderConfig = {
    inChannels: c.integer('in_channels', 3),
    outChannels: c.integer('out_channels', 3),
    latentChannels: c.integer('latent_channels', 4),
    blockOutChannels: c.integers('block_out_channels'),
    layersPerBlock: c.integer('layers_per_block', 1),
    normGroups: c.integer('norm_num_groups', 32),
    scalingFactor: c.number('scaling_factor', 0.18215),
    midBlockAttention: c.boolean('mid_block_add_attention', true),
    useQuantConv: c.boolean('use_quant_conv', true),
    usePostQuantConv: c.boolean('use_post_quant_conv', true),
  };
  const blocks = config.blockOutChannels.length;
  const [down, up] = [c.strings('down_block_types', ['DownEncoderBlock2D']), c.strings('up_block_types', ['UpDecoderBlock2D'])];
  for (const [key, list] of [
    ['down_block_types', down],
    ['up_block_types', up],
  ] as const) {
    if (list.length !== blocks && list.length > 0)
      c.problems.push(`${key}: expected ${blocks} entries as in block_out_channels, got ${list.length}`);
  }
  config.blockOutChannels.forEach((channels, i) => {
    if (channels % config.normGroups !== 0)
      c.problems.push(`norm_num_groups: expected a divisor of block_out_channels[${i}] = ${channels}, got ${config.normGroups}`);
  });
  c.oneOf('act_fn', ['silu', 'swish'], 'silu');
  // sample_size is the size of training pictures; force_upcast concerns float16 only
  c.ignore('sample_size', 'force_upcast');
  c.finish();
  return config;
}

/** vae/config.json of Stable Diffusion 1.5. */
export const sd15AutoencoderConfig: Json = {
  _class_name: 'AutoencoderKL',
  act_fn: 'silu',
  block_out_channels: [128, 256, 512, 512],
  in_channels: 3,
  latent_channels: 4,
  layers_per_block: 2,
  down_block_types: ['DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D', 'DownEncoderBlock2D'],
  norm_num_groups: 32,
  out_channels: 3,
  sample_size: 512,
  up_block_types: ['UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D', 'UpDecoderBlock2D'],
  scaling_factor: 0.18215,
};

/** vae/config.json of Stable Diffusion XL. */
export const sdxlAutoencoderConfig: Json = { ...sd15AutoencoderConfig, force_upcast: true, sample_size: 1024, scaling_factor: 0.13025 };
