// What a file of weights is, told from the names and shapes of its tensors.
import type { Shape } from '@facewright/tensor';
import { ldmUNetPrefix } from './ldm-names.ts';
import { families, type ModelFamily, type ModelKind } from './kinds.ts';

export type FileKind = ModelKind | 'vae' | 'lora' | 'embedding' | 'controlnet' | 'upscaler' | 'face-score' | 'dino' | 'unknown';

export interface Identity {
  readonly kind: FileKind;
  /** For people, e.g. "Stable Diffusion 1.5, inpainting". */
  readonly title: string;
  /** What in the file says so. */
  readonly why: string;
}

type Shapes = ReadonlyMap<string, { readonly shape: Shape }>;

const firstConv = `${ldmUNetPrefix}input_blocks.0.0.weight`;

/** Kinds that one name gives away, in the order in which they are asked: a file may hold a U-Net and more. */
const marks: readonly (readonly [mark: RegExp, kind: FileKind, title: string])[] = [
  [/^blip\.visual_encoder\./, 'face-score', 'Reward model (FaceScore, ImageReward)'],
  [/(^|\.)(double_blocks|single_blocks|single_transformer_blocks)\.\d/, 'unknown', 'Flux, which is not supported'],
  [/(^|\.)joint_blocks\.\d/, 'unknown', 'Stable Diffusion 3, which is not supported'],
  [/\.(lora_(down|up|A|B)\.|lora_(down|up|A|B)$|lora\.(down|up)\.|lora_linear_layer\.|\w+_lora\.(down|up)\.)/, 'lora', 'LoRA'],
  [/\.(hada_w1_a|lokr_w[12](_a)?|oft_blocks)$/, 'lora', 'LoRA of another form (LyCORIS)'],
  [/^(control_model\.|controlnet_cond_embedding\.|controlnet_down_blocks\.)/, 'controlnet', 'ControlNet'],
];

const later: readonly (readonly [mark: RegExp, kind: FileKind, title: string])[] = [
  [/^(first_stage_model\.)?(decoder\.(up|mid)\.|decoder\.(up_blocks|mid_block)\.)/, 'vae', 'VAE'],
  [/^(model\.0\.weight|conv_first\.weight|params(_ema)?\.conv_first\.weight)$/, 'upscaler', 'Upscaler (ESRGAN)'],
  [/^((teacher|student)\.)?(module\.)?(backbone\.)?cls_token$|^(vit\.)?embeddings\.cls_token$/, 'dino', 'Vision transformer (DINO)'],
  [/^(down_blocks|mid_block)\./, 'unknown', 'the U-Net of a folder in the diffusers layout, which belongs into its folder'],
  [/^(string_to_param\.)?(\*|emb_params)$/, 'embedding', 'Textual inversion'],
  [/^clip_[lg]$/, 'embedding', 'Textual inversion of Stable Diffusion XL'],
];

/** Says what a file is from the names and shapes of its tensors; nothing is read. */
export function identifyTensors(tensors: Shapes): Identity {
  const names = [...tensors.keys()];
  const find = (table: typeof marks): Identity | undefined => {
    for (const [mark, kind, title] of table) {
      const name = names.find((key) => mark.test(key));
      if (name !== undefined) return { kind, title, why: `it has ${name}` };
    }
    return undefined;
  };
  return (
    find(marks) ??
    diffusionModel(tensors) ??
    find(later) ??
    bareEmbedding(tensors) ?? {
      kind: 'unknown',
      title: 'a file of a kind that is not known',
      why: `its ${tensors.size} tensors begin with ${[...tensors.keys()].slice(0, 3).join(', ') || 'nothing'}`,
    }
  );
}

/** A file with one matrix of a few rows, which is how diffusers saves a textual inversion: the name is its token. */
function bareEmbedding(tensors: Shapes): Identity | undefined {
  const [[name, { shape }] = ['', { shape: [] }]] = tensors;
  const width = shape.at(-1) ?? 0;
  if (tensors.size !== 1 || /\.(weight|bias)$/.test(name) || shape.length > 2 || ![768, 1024, 1280].includes(width)) return undefined;
  return { kind: 'embedding', title: 'Textual inversion', why: `it has nothing but ${name} of width ${width}` };
}

/** Widths of the text features that a family's attention reads. */
const contexts: Readonly<Record<number, ModelFamily>> = { 768: 'sd1', 1024: 'sd2', 2048: 'sdxl' };

/** Families and inpainting, by the widths of the U-Net. */
function diffusionModel(tensors: Shapes): Identity | undefined {
  const channels = tensors.get(firstConv)?.shape[1];
  if (channels === undefined) return undefined;
  const attention = [...tensors.keys()].find((name) => name.startsWith(ldmUNetPrefix) && name.endsWith('.attn2.to_k.weight'));
  const context = attention === undefined ? undefined : tensors.get(attention)!.shape[1];
  const family = contexts[context ?? 0];
  const why = `its U-Net takes ${channels} channels and text features of width ${context ?? 'unknown'}`;
  const unknown = (title: string): Identity => ({ kind: 'unknown', title: `${title}, which is not supported`, why });
  if (!family) return unknown(context === 1280 ? 'Stable Diffusion XL Refiner' : 'A U-Net of another family');
  const { title } = families[family];
  const sized = tensors.has(`${ldmUNetPrefix}label_emb.0.0.weight`);
  if (sized !== (family === 'sdxl')) return unknown(`${title} ${sized ? 'with class embeddings' : 'without size conditions'}`);
  if (tensors.has('edm_mean') || tensors.has('edm_vpred.sigma_max')) return unknown(`${title} trained in the EDM formulation`);
  if (channels === 4) return { kind: family, title, why };
  if (channels === 9) return { kind: `${family}-inpainting`, title: `${title}, inpainting`, why };
  const other = { 5: ' (depth)', 8: ' (edited by instructions)', 7: ' (upscaler)' }[channels] ?? '';
  return unknown(`${title} with ${channels} input channels${other}`);
}
