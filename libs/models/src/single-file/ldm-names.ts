// The names that Stable Diffusion's own single-file checkpoints use for the parameters of each part.
import type { AutoencoderConfig } from '../autoencoder-kl/config.ts';
import type { UNetConfig } from '../unet-2d-condition/config.ts';
import { UNet2DCondition } from '../unet-2d-condition/unet-2d-condition.ts';

const swap = (name: string, pairs: readonly (readonly [string, string])[]): string => {
  const hit = pairs.find(([from]) => name === from || name.startsWith(`${from}.`));
  return hit ? hit[1] + name.slice(hit[0].length) : name;
};

const resnetNames = [
  ['norm1', 'in_layers.0'],
  ['conv1', 'in_layers.2'],
  ['time_emb_proj', 'emb_layers.1'],
  ['norm2', 'out_layers.0'],
  ['conv2', 'out_layers.3'],
  ['conv_shortcut', 'skip_connection'],
] as const;

/** What the names of all U-Net parameters in a single file begin with. */
export const ldmUNetPrefix = 'model.diffusion_model.';

/** Name of a U-Net parameter in a single file: blocks are numbered through, and a sampling layer counts as a block of its own (down) or as part of the last (up). */
export function ldmUNetName(name: string, config: UNetConfig): string {
  const prefix = ldmUNetPrefix;
  const layers = config.layersPerBlock[0] ?? 0;
  const [part = '', ...path] = name.split('.');
  if (part === 'mid_block') {
    const [kind, index, ...rest] = path;
    return kind === 'attentions'
      ? `${prefix}middle_block.1.${rest.join('.')}`
      : `${prefix}middle_block.${index === '0' ? 0 : 2}.${swap(rest.join('.'), resnetNames)}`;
  }
  if (part === 'down_blocks' || part === 'up_blocks') {
    const [block, index] = [Number(path[0]), Number(path[2])];
    const rest = path.slice(3).join('.');
    const down = part === 'down_blocks';
    const place = down ? `input_blocks.${(layers + 1) * block + index + 1}` : `output_blocks.${(layers + 1) * block + index}`;
    switch (path[1]) {
      case 'resnets':
        return `${prefix}${place}.0.${swap(rest, resnetNames)}`;
      case 'attentions':
        return `${prefix}${place}.1.${rest}`;
      case 'downsamplers':
        return `${prefix}input_blocks.${(layers + 1) * (block + 1)}.0.${swap(rest, [['conv', 'op']])}`;
      default:
        return `${prefix}output_blocks.${(layers + 1) * block + layers}.${config.upBlockTypes[block] === 'CrossAttnUpBlock2D' ? 2 : 1}.${rest}`;
    }
  }
  return (
    prefix +
    swap(name, [
      ['time_embedding.linear_1', 'time_embed.0'],
      ['time_embedding.linear_2', 'time_embed.2'],
      ['add_embedding.linear_1', 'label_emb.0.0'],
      ['add_embedding.linear_2', 'label_emb.0.2'],
      ['conv_in', 'input_blocks.0.0'],
      ['conv_norm_out', 'out.0'],
      ['conv_out', 'out.2'],
    ])
  );
}

const pixelAttentionNames = [
  ['group_norm', 'norm'],
  ['to_q', 'q'],
  ['to_k', 'k'],
  ['to_v', 'v'],
  ['to_out.0', 'proj_out'],
] as const;

/** Name of an autoencoder parameter in a single file, without a prefix: the decoder's blocks are numbered from the output. */
export function ldmAutoencoderName(name: string, config: AutoencoderConfig): string {
  const [side = '', part = '', ...path] = name.split('.');
  const shortcut = (rest: string) => swap(rest, [['conv_shortcut', 'nin_shortcut']]);
  if (part === 'mid_block') {
    const rest = path.slice(2).join('.');
    return path[0] === 'attentions'
      ? `${side}.mid.attn_1.${swap(rest, pixelAttentionNames)}`
      : `${side}.mid.block_${Number(path[1]) + 1}.${shortcut(rest)}`;
  }
  if (part === 'down_blocks' || part === 'up_blocks') {
    const block = part === 'down_blocks' ? Number(path[0]) : config.blockOutChannels.length - 1 - Number(path[0]);
    const place = `${side}.${part === 'down_blocks' ? 'down' : 'up'}.${block}`;
    const rest = path.slice(3).join('.');
    switch (path[1]) {
      case 'resnets':
        return `${place}.block.${path[2]}.${shortcut(rest)}`;
      case 'downsamplers':
        return `${place}.downsample.${rest}`;
      default:
        return `${place}.upsample.${rest}`;
    }
  }
  return name.replace('.conv_norm_out.', '.norm_out.');
}

/** Layers of a U-Net as single files call them, to their names here; without prefix, and without the `.weight` of the layer. LoRA files may use either. */
export const ldmUNetLayers = (config: UNetConfig): ReadonlyMap<string, string> =>
  new Map(
    [...new UNet2DCondition(config).parameters()]
      .filter(([name]) => name.endsWith('.weight'))
      .map(([name]) => [ldmUNetName(name, config).slice(ldmUNetPrefix.length, -'.weight'.length), name.slice(0, -'.weight'.length)]),
  );
