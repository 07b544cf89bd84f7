// Writes LoRA factors as PEFT and diffusers name them.
import type { Tensor } from '@facewright/tensor';
import { writeSafetensors } from '../safetensors/write.ts';
import type { LoraPart } from './read-lora.ts';

export interface LoraTensors {
  /** [rank, in, ...]. */
  readonly down: Tensor;
  /** [out, rank, ...]. */
  readonly up: Tensor;
}

/** Tensors and metadata of a LoRA file by the names of the weights that it changes: `unet.<layer>.lora_A.weight`, and alpha where readers look for it. */
export function loraContent(
  parts: { readonly [P in LoraPart]?: ReadonlyMap<string, LoraTensors> },
  alpha: number,
): { readonly tensors: Map<string, Tensor>; readonly metadata: Readonly<Record<string, string>> } {
  const tensors = new Map<string, Tensor>();
  const adapter: Record<string, unknown> = {};
  for (const [part, factors] of Object.entries(parts)) {
    const layers = [...factors].map(([weight, { down, up }]) => {
      const layer = weight.replace(/\.weight$/, '');
      tensors.set(`${part}.${layer}.lora_A.weight`, down).set(`${part}.${layer}.lora_B.weight`, up);
      return { layer, rank: down.dims[0] };
    });
    if (layers.length > 0)
      Object.assign(adapter, {
        [`${part}.r`]: layers[0]!.rank,
        [`${part}.lora_alpha`]: alpha,
        [`${part}.target_modules`]: layers.map(({ layer }) => layer),
      });
  }
  return { tensors, metadata: { format: 'pt', lora_adapter_metadata: JSON.stringify(adapter) } };
}

/** Writes a LoRA file; diffusers' load_lora_weights reads it. Throws as writeSafetensors. */
export async function writeLora(
  file: string,
  parts: { readonly [P in LoraPart]?: ReadonlyMap<string, LoraTensors> },
  alpha: number,
): Promise<void> {
  const { tensors, metadata } = loraContent(parts, alpha);
  await writeSafetensors(file, tensors, metadata);
}
