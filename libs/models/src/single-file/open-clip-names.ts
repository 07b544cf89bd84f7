// The names that OpenCLIP uses for the parameters of a text encoder, and its fused projections.
import { sizeOf } from '@facewright/tensor';
import type { StoredTensor } from '../nn/weight-sources.ts';
import type { Place } from './part.ts';

const thirds = { q_proj: 0, k_proj: 1, v_proj: 2 } as const;
const layerNames: Readonly<Record<string, string>> = {
  layer_norm1: 'ln_1',
  layer_norm2: 'ln_2',
  'self_attn.out_proj': 'attn.out_proj',
  'mlp.fc1': 'mlp.c_fc',
  'mlp.fc2': 'mlp.c_proj',
};

/** Place of a text encoder parameter in a file of OpenCLIP, without the prefix of the file. */
export function openClipPlace(name: string): Place {
  const [, layer, part, third, kind = ''] =
    /^text_model\.encoder\.layers\.(\d+)\.(?:self_attn\.([qkv]_proj)|(.+))\.(weight|bias)$/.exec(name) ?? [];
  if (layer !== undefined) {
    const block = `transformer.resblocks.${layer}`;
    return part !== undefined
      ? { name: `${block}.attn.in_proj_${kind}`, third: thirds[part as keyof typeof thirds] }
      : { name: `${block}.${layerNames[third!]}.${kind}` };
  }
  return {
    name: name
      .replace('text_model.embeddings.token_embedding.', 'token_embedding.')
      .replace('text_model.embeddings.position_embedding.weight', 'positional_embedding')
      .replace('text_model.final_layer_norm.', 'ln_final.'),
  };
}

/** One third of the rows of a stored tensor; its bytes stay where they are. */
export function thirdOfRows(stored: StoredTensor, third: 0 | 1 | 2): StoredTensor {
  const [rows = 0, ...rest] = stored.shape;
  const shape = [rows / 3, ...rest];
  if (stored.kind === 'file') {
    const length = stored.length / 3;
    return { ...stored, shape, offset: stored.offset + third * length, length };
  }
  const count = sizeOf(shape);
  const data = stored.tensor.data.subarray(third * count, (third + 1) * count);
  return { ...stored, shape, tensor: { ...stored.tensor, dims: shape, data } as typeof stored.tensor };
}
