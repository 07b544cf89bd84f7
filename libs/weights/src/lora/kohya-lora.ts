// Writes LoRA factors as kohya's sd-scripts name them, which ComfyUI and A1111 read.
import { createHash } from 'node:crypto';
import { float32, type Tensor } from '@facewright/tensor';
import { safetensorsBytes } from '../safetensors/write.ts';
import type { LoraPart } from './read-lora.ts';
import { layerOf, type LoraContent, type LoraParts } from './lora-content.ts';

export interface KohyaSettings {
  /** Which model the factors are for. */
  readonly base: 'sd1' | 'sd2' | 'sdxl';
  /** Name of a layer of the U-Net as the file is to have it, with dots; sd-scripts names those of SDXL as single-file checkpoints do. Default: as it is. */
  readonly unetLayer?: (layer: string) => string;
}

const prefixes: Readonly<Record<LoraPart, string>> = { unet: 'lora_unet', text_encoder: 'lora_te', text_encoder_2: 'lora_te2' };
const versions = { sd1: 'sd_v1', sd2: 'sd_v2', sdxl: 'sdxl_base_v1-0' } as const;

/**
 * `lora_unet_<layer with _ for .>.{lora_down.weight, lora_up.weight, alpha}`, text encoders `lora_te_`, of SDXL `lora_te1_` and `lora_te2_`. Metadata as sd-scripts writes it:
 * ss_network_dim and ss_network_alpha of the most usual rank, and sshs_model_hash, the SHA-256 of the data after the header.
 */
export function kohyaLoraContent(parts: LoraParts, { base, unetLayer = (layer) => layer }: KohyaSettings): LoraContent {
  const tensors = new Map<string, Tensor>();
  const pairs: { readonly rank: number; readonly alpha: number; readonly kernel: boolean }[] = [];
  for (const [part, factors] of Object.entries(parts) as [LoraPart, NonNullable<LoraParts[LoraPart]>][])
    for (const [weight, { down, up, alpha = down.dims[0]! }] of factors) {
      const layer = layerOf(weight);
      const prefix = part === 'text_encoder' && base === 'sdxl' ? 'lora_te1' : prefixes[part];
      const name = `${prefix}_${(part === 'unet' ? unetLayer(layer) : layer).replaceAll('.', '_')}`;
      tensors
        .set(`${name}.lora_down.weight`, down)
        .set(`${name}.lora_up.weight`, up)
        .set(`${name}.alpha`, float32([], [alpha]));
      pairs.push({ rank: down.dims[0]!, alpha, kernel: down.dims.slice(2).some((side) => side > 1) });
    }
  const [linear, kernels] = [pairs.filter(({ kernel }) => !kernel), pairs.filter(({ kernel }) => kernel)];
  const usual = mostUsual(linear.length > 0 ? linear : pairs);
  const convolution = mostUsual(kernels);
  const data = safetensorsBytes(tensors);
  const start = 8 + Number(new DataView(data.buffer, data.byteOffset).getBigUint64(0, true));
  return {
    tensors,
    metadata: {
      ss_network_module: 'networks.lora',
      ss_network_dim: String(usual?.rank ?? 0),
      ss_network_alpha: String(usual?.alpha ?? 0),
      ...(convolution && {
        ss_network_args: JSON.stringify({ conv_dim: String(convolution.rank), conv_alpha: String(convolution.alpha) }),
      }),
      ss_base_model_version: versions[base],
      ss_v2: base === 'sd2' ? 'True' : 'False',
      sshs_model_hash: createHash('sha256').update(data.subarray(start)).digest('hex'),
    },
  };
}

function mostUsual<T extends { readonly rank: number; readonly alpha: number }>(pairs: readonly T[]): T | undefined {
  const groups = [...Map.groupBy(pairs, ({ rank, alpha }) => `${rank} ${alpha}`).values()];
  return groups.sort((a, b) => b.length - a.length)[0]?.[0];
}
