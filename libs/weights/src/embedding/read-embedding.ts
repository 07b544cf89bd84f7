// Textual inversion: vectors of a word, in the forms that are shared.
import { err } from '../errors.ts';
import { openTensorFile } from '../open-tensor-file.ts';
import { reshaped, type StoredTensor } from '../stored-tensor.ts';

/** The text encoders that vectors are made for: CLIP ViT-L (Stable Diffusion 1.x, the first of SDXL), OpenCLIP ViT-bigG (the second of SDXL), OpenCLIP ViT-H (Stable Diffusion 2.x). */
export type TextEncoderKind = 'clip_l' | 'clip_g' | 'clip_h';
export interface Embedding {
  /** Vectors [n, width] of a word, by the text encoder that takes them. */
  readonly vectors: ReadonlyMap<TextEncoderKind, StoredTensor>;
}

const kinds: ReadonlyMap<number, TextEncoderKind> = new Map([
  [768, 'clip_l'],
  [1024, 'clip_h'],
  [1280, 'clip_g'],
]);
const MAX_VECTORS = 75;
const floats: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/**
 * Reads a textual inversion file: AUTOMATIC1111's (`string_to_param`), diffusers' (one tensor under its word), ComfyUI's (`emb_params`) and SDXL's (`clip_l` and `clip_g`), safetensors or PyTorch.
 * Throws WEIGHTS_EMBEDDING for files of other things, and what `openTensorFile` throws.
 */
export async function readEmbedding(file: string): Promise<Embedding> {
  const { tensors } = await openTensorFile(file);
  const names = [...tensors.keys()];
  const chosen =
    names.filter((name) => name === 'clip_l' || name === 'clip_g').length > 0
      ? names.filter((name) => name === 'clip_l' || name === 'clip_g')
      : names.filter((name) => name.startsWith('string_to_param.') || name === 'emb_params');
  const words = chosen.length > 0 ? chosen : names;
  const vectors = new Map<TextEncoderKind, StoredTensor>();
  for (const name of words) {
    const stored = tensors.get(name)!;
    const { shape, dtype } = stored;
    const [count, width] = shape.length === 1 ? [1, shape[0]!] : [shape[0] ?? 0, shape[1] ?? 0];
    const kind = kinds.get(width);
    if (shape.length < 1 || shape.length > 2 || !kind || count < 1 || count > MAX_VECTORS || !floats.has(dtype))
      throw err.EMBEDDING(
        file,
        `a textual inversion: 1 to ${MAX_VECTORS} vectors of ${[...kinds.keys()].join(', ')} floating numbers`,
        `${name} [${shape.join(', ')}] of ${dtype}${names.length > 1 ? ` among ${names.length} tensors` : ''}`,
      );
    if (name.startsWith('clip_') && name !== kind)
      throw err.EMBEDDING(file, `vectors of ${name} as wide as that encoder's`, `[${shape.join(', ')}]`);
    if (vectors.has(kind))
      throw err.EMBEDDING(file, 'the vectors of one word', `several of width ${width}: ${names.slice(0, 5).join(', ')}`);
    vectors.set(kind, reshaped(stored, [count, width]));
  }
  if (vectors.size === 0) throw err.EMBEDDING(file, 'a textual inversion', 'a file without tensors');
  return { vectors };
}
