// What is in a LoRA file, as PEFT and diffusers name it.
import type { Tensor } from '@facewright/tensor';
import type { LoraPart } from './read-lora.ts';

export interface LoraTensors {
  /** [rank, in, ...]. */
  readonly down: Tensor;
  /** [out, rank, ...]. */
  readonly up: Tensor;
  /** Absent: the rank, so that the factors count whole. */
  readonly alpha?: number;
}
export type LoraParts = { readonly [P in LoraPart]?: ReadonlyMap<string, LoraTensors> };
export interface LoraContent {
  readonly tensors: Map<string, Tensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

export const layerOf = (weight: string): string => weight.replace(/\.weight$/, '');

/**
 * Tensors and metadata of a LoRA file by the names of the weights that it changes: `unet.<layer>.lora_A.weight`, and rank and alpha where readers look for them, diffusers' load_lora_weights among
 * them; those of layers that have others are named one by one. `alpha` is that of layers that have none of their own.
 */
export function loraContent(parts: LoraParts, alpha?: number): LoraContent {
  const tensors = new Map<string, Tensor>();
  const adapter: Record<string, unknown> = {};
  for (const [part, factors] of Object.entries(parts)) {
    const layers = [...factors].map(([weight, { down, up, alpha: own = alpha ?? down.dims[0]! }]) => {
      const layer = layerOf(weight);
      tensors.set(`${part}.${layer}.lora_A.weight`, down).set(`${part}.${layer}.lora_B.weight`, up);
      return { layer, rank: down.dims[0], alpha: own };
    });
    if (layers.length === 0) continue;
    const usual = layers[0]!;
    const others = <K extends 'rank' | 'alpha'>(key: K) =>
      Object.fromEntries(layers.filter((layer) => layer[key] !== usual[key]).map(({ layer, [key]: value }) => [layer, value]));
    Object.assign(adapter, {
      [`${part}.r`]: usual.rank,
      [`${part}.lora_alpha`]: usual.alpha,
      [`${part}.target_modules`]: layers.map(({ layer }) => layer),
      // diffusers 0.35 fails without these two
      [`${part}.rank_pattern`]: others('rank'),
      [`${part}.alpha_pattern`]: others('alpha'),
    });
  }
  return { tensors, metadata: { format: 'pt', lora_adapter_metadata: JSON.stringify(adapter) } };
}
