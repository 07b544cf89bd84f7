// Which kind of model a LoRA file was made for, said when it does not fit the one at hand.
import type { Shape } from '@facewright/tensor';
import type { LoraTargets } from './read-lora.ts';

const byWidth: ReadonlyMap<number, string> = new Map([
  [768, 'Stable Diffusion 1.x'],
  [1024, 'Stable Diffusion 2.x'],
  [2048, 'SDXL'],
]);
/** Layers that only one kind of model has. Stable Diffusion 1.x and 2.x have one transformer block per attention. */
const byName: readonly (readonly [kind: string, name: RegExp])[] = [
  ['FLUX', /(double|single)_blocks|single_transformer_blocks/],
  ['Stable Diffusion 3', /joint_blocks|joint_attn|context_embedder/],
  ['SDXL', /^lora_te2_|text_encoder_2\.|attentions?[._]\d+[._]transformer_blocks[._][1-9]|_blocks_\d+_1_transformer_blocks_[1-9]/],
];

/** One sentence on the kind of model that the tensors of a LoRA file were made for, where it is another than the targets; none where they do not say. */
export function sayMadeFor(tensors: ReadonlyMap<string, { readonly shape: Shape }>, targets: LoraTargets): string[] {
  const width = [...tensors].find(([name]) => /attn2[._].*to_[kv].*(lora_A|down)/.test(name))?.[1].shape[1];
  const own = [...targets.unet].find(([name]) => name.endsWith('.attn2.to_k.weight'))?.[1][1];
  if (width !== undefined && own !== undefined && width !== own)
    return [
      `the file looks like a LoRA for ${byWidth.get(width) ?? 'another model'}: its text features have width ${width}, those of this model ${own}`,
    ];
  for (const [kind, name] of byName) {
    const key = [...tensors.keys()].find((candidate) => name.test(candidate));
    if (key !== undefined && byWidth.get(own ?? 0) !== kind)
      return [`the file looks like a LoRA for ${kind}: it has layers such as ${key}`];
  }
  return [];
}
