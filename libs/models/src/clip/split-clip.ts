// A file of CLIP with both halves, as OpenAI, OpenCLIP and transformers name its tensors: what it is, and each half under the names of its module.
import type { Shape } from '@facewright/tensor';
import { ClipText } from '../clip-text/clip-text.ts';
import type { Json } from '../config.ts';
import { err } from '../errors.ts';
import { differenceCount, differenceLines } from '../nn/compare.ts';
import type { StoredTensor } from '../nn/weight-sources.ts';
import { openClipPlace } from '../single-file/open-clip-names.ts';
import { findPart, type Place } from '../single-file/part.ts';
import { ClipVision } from './clip-vision.ts';
import { parseClipConfig, type ClipNaming } from './config.ts';

export interface SplitClip {
  /** What `parseClipConfig` reads. */
  readonly config: Json;
  /** By the names of the modules ClipVision and ClipText. */
  readonly vision: ReadonlyMap<string, StoredTensor>;
  readonly text: ReadonlyMap<string, StoredTensor>;
}

/** What tensors do not say. */
export interface ClipHints {
  /** config.json of transformers. */
  readonly json?: Json;
  /** Default: as the config.json says, else GELU for OpenCLIP's sizes from ViT-H on and quick GELU for OpenAI's. */
  readonly activation?: 'quick_gelu' | 'gelu';
}

const visionNames: Readonly<Record<string, string>> = {
  'vision_model.embeddings.class_embedding': 'visual.class_embedding',
  'vision_model.embeddings.patch_embedding.weight': 'visual.conv1.weight',
  'vision_model.embeddings.position_embedding.weight': 'visual.positional_embedding',
  visual_projection: 'visual.proj',
};

/** Place of a parameter of either half in a file of OpenAI or OpenCLIP. */
function openPlace(name: string): Place {
  if (!name.startsWith('vis')) return openClipPlace(name);
  const known = visionNames[name];
  if (known !== undefined) return { name: known };
  if (!name.startsWith('vision_model.encoder.'))
    return {
      name: name.replace('vision_model.pre_layrnorm.', 'visual.ln_pre.').replace('vision_model.post_layernorm.', 'visual.ln_post.'),
    };
  const place = openClipPlace(name.replace('vision_model.', 'text_model.'));
  return { ...place, name: `visual.${place.name}` };
}

const places: Readonly<Record<ClipNaming, (name: string) => Place>> = { open_clip: openPlace, transformers: (name) => ({ name }) };

/** Of contrastive training, and what programs kept beside the weights. */
const harmless = (name: string): boolean =>
  /^(logit_scale|logit_bias|attn_mask|input_resolution|context_length|vocab_size)$/.test(name) || /(^|\.)position_ids$/.test(name);

/** Widths of a head of OpenCLIP's picture halves by the width of the model: ViT-H, ViT-g, ViT-bigG. All others, and all text halves, have heads of 64. */
const headWidths: Readonly<Record<number, number>> = { 1280: 80, 1408: 88, 1664: 104 };

/** Throws MODELS_INPUT for a file of another kind, MODELS_CONFIG, and MODELS_WEIGHTS with every tensor of both halves that is missing, misshapen or unexpected, by the names of the file. */
export function splitClip(file: string, tensors: ReadonlyMap<string, StoredTensor>, hints: ClipHints = {}): SplitClip {
  const naming = (['open_clip', 'transformers'] as const).find((known) =>
    tensors.has(places[known]('vision_model.embeddings.patch_embedding.weight').name),
  );
  if (!naming) {
    const names = [...tensors.keys()].slice(0, 3).join(', ') || 'no tensors';
    throw err.INPUT(file, 'CLIP with its picture half (visual.conv1.weight, or vision_model of transformers)', names);
  }
  const config = configOf(file, tensors, naming, hints);
  const { vision, text } = parseClipConfig(config);
  const place = places[naming];
  const isVision = (name: string) => name.startsWith('vis');
  const parts = [
    findPart(tensors, { module: new ClipVision(vision), place, owns: isVision, harmless }),
    findPart(tensors, { module: new ClipText(text), place, owns: (name) => !isVision(name), harmless }),
  ] as const;
  const differences = {
    missing: parts.flatMap((part) => part?.differences.missing ?? []),
    misshapen: parts.flatMap((part) => part?.differences.misshapen ?? []),
    unexpected: parts.flatMap((part) => part?.differences.unexpected ?? []),
  };
  const count = differenceCount(differences);
  if (count > 0) throw err.WEIGHTS(file, differenceLines(differences), count);
  return { config, vision: parts[0]!.tensors, text: parts[1]!.tensors };
}

function configOf(
  file: string,
  tensors: ReadonlyMap<string, StoredTensor>,
  naming: ClipNaming,
  { json = {}, activation }: ClipHints,
): Json {
  const missing: string[] = [];
  const shape = (name: string, rank: number): Shape => {
    const { name: there } = places[naming](name);
    const got = tensors.get(there)?.shape;
    if (got?.length === rank) return got;
    missing.push(there);
    return [1, 1, 1, 1];
  };
  const layers = (half: string): number => {
    const pattern = /\.0\./.exec(places[naming](`${half}.encoder.layers.0.layer_norm1.weight`).name)!;
    const [before, after] = [pattern.input.slice(0, pattern.index + 1), pattern.input.slice(pattern.index + 2)];
    return [...tensors.keys()].filter((name) => name.startsWith(before) && name.endsWith(after)).length;
  };
  const projected = naming === 'transformers' ? 0 : 1;
  const suffix = naming === 'transformers' ? '.weight' : '';
  const [patches] = shape('vision_model.embeddings.position_embedding.weight', 2);
  const [width = 1, , patch = 1] = shape('vision_model.embeddings.patch_embedding.weight', 4);
  const [words, textWidth = 1] = shape('text_model.embeddings.token_embedding.weight', 2);
  const projection = shape(`visual_projection${suffix}`, 2)[projected];
  const [tokens] = shape('text_model.embeddings.position_embedding.weight', 2);
  const [mlp] = shape('vision_model.encoder.layers.0.mlp.fc1.weight', 2);
  const [textMlp] = shape('text_model.encoder.layers.0.mlp.fc1.weight', 2);
  if (missing.length > 0)
    throw err.WEIGHTS(
      file,
      missing.map((name) => `missing: ${name}`),
    );
  const said = (part: string, key: string): unknown => (json[part] as Json | undefined)?.[key];
  const guessed = headWidths[width] === undefined ? 'quick_gelu' : 'gelu';
  const half = (part: string, size: number, headWidth: number): Json => ({
    hidden_size: size,
    num_attention_heads: said(part, 'num_attention_heads') ?? Math.max(1, Math.floor(size / headWidth)),
    hidden_act: activation ?? said(part, 'hidden_act') ?? (json['text_config'] ? 'quick_gelu' : guessed),
    layer_norm_eps: said(part, 'layer_norm_eps') ?? 1e-5,
  });
  return {
    naming,
    projection_dim: projection,
    vision_config: {
      ...half('vision_config', width, headWidths[width] ?? 64),
      image_size: Math.round(Math.sqrt((patches ?? 1) - 1)) * patch,
      patch_size: patch,
      intermediate_size: mlp,
      num_hidden_layers: layers('vision_model'),
    },
    text_config: {
      ...half('text_config', textWidth, 64),
      vocab_size: words,
      max_position_embeddings: tokens,
      intermediate_size: textMlp,
      num_hidden_layers: layers('text_model'),
    },
  };
}
