// Load diffusion model: the work of the node.
import type { FileRef, Model, NodeContext, NodeRun } from '@facewright/core';
import { families, familyOf, splitSingleFile, splitVaeFile, type Json } from '@facewright/models';
import { openParts } from '@facewright/pipelines';
import { openTensorFile } from '@facewright/weights';
import { basename } from 'node:path';
import { fromFolder } from './diffusers-folder.ts';
import type { loadDiffusion } from './definition.ts';
import { err } from './errors.ts';
import { notFound } from './not-found.ts';
import { weightEndings } from './weight-endings.ts';

type Components = Model['components'];

/**
 * Throws LOADER_NOT_FOUND, LOADER_KIND, LOADER_MISSING with every absent file, LOADER_NO_PART for a checkpoint without autoencoder or text encoder, LOADER_JSON, and
 * LOADER_MODEL or MODELS_WEIGHTS with every value of the configurations that is not supported and every parameter that is missing, unexpected or misshapen, by the
 * names of the file; WEIGHTS_* for a damaged file.
 */
export const run: NodeRun<typeof loadDiffusion> = async ({ path, vae, prediction }, ctx) => {
  const place = path.replace(/[/\\]+$/, '');
  const found = await ctx.files.exists(place);
  const want = 'a folder in the diffusers or ONNX layout, or a checkpoint file';
  if (found === null) throw await notFound(path, want, ctx);
  if (found === 'file' && !weightEndings.some((ending) => place.toLowerCase().endsWith(ending)))
    throw err.KIND(path, want, 'a file of another kind');
  const own = vae === undefined || vae === '' ? null : await ctx.files.ref(vae);
  const components = found === 'folder' ? await fromFolder(place, own, ctx) : await fromSingleFile(place, own, prediction === 'auto', ctx);
  const scheduler = components['scheduler']!;
  return {
    model: {
      family: 'diffusion',
      architecture: components['text_encoder_2'] ? 'stable-diffusion-xl' : 'stable-diffusion',
      name: basename(place).replace(/\.(safetensors|ckpt|pt|pth|bin)$/, ''),
      components:
        prediction === 'auto'
          ? components
          : { ...components, scheduler: { ...scheduler, config: { ...scheduler.config, prediction_type: prediction } } },
      loras: [],
    },
  };
};

/** `vae` replaces the autoencoder of the file. */
async function fromSingleFile(path: string, vae: FileRef | null, warnOfGuess: boolean, ctx: NodeContext): Promise<Components> {
  const weights = await ctx.files.ref(path);
  const file = await ctx.assets.file(weights);
  const { tensors, single } = await openParts(file);
  const { kind, unet, text, text2, scheduler, predictionGuessed, ...parts } = single ?? splitSingleFile(file, tensors);
  const family = families[familyOf(kind)];
  if (!text || (family.texts.length > 1 && !text2)) throw err.NO_PART(path, 'a text encoder', 'load the full checkpoint of the model');
  if (!parts.vae && !vae) throw err.NO_PART(path, 'an autoencoder (VAE)', 'name a VAE file in the field vae');
  if (vae) {
    const other = await ctx.assets.file(vae);
    splitVaeFile(other, (await openTensorFile(other)).tensors);
  }
  if (predictionGuessed && warnOfGuess)
    ctx.log(
      'warn',
      `${basename(path)}: files of Stable Diffusion 2 do not say what their U-Net predicts; ${String(scheduler['prediction_type'])} is taken. If pictures are noise, choose the other in the field prediction`,
    );
  const part = (config: Json, ref: FileRef) => ({ config: { ...config }, weights: ref, files: {} });
  // OpenCLIP's tokenizer pads with id 0, which stands for "!", CLIP's with the end
  const [tokenizer, tokenizer2] = family.texts.map(({ naming }) => ({
    config: { pad_token: naming === 'open_clip' ? '!' : '<|endoftext|>' },
    weights: null,
    files: {},
  }));
  return {
    unet: part(unet.config, weights),
    vae: part(family.vae, vae ?? weights),
    text_encoder: part(text.config, weights),
    tokenizer: tokenizer!,
    ...(text2 && { text_encoder_2: part(text2.config, weights), tokenizer_2: tokenizer2! }),
    scheduler: { config: { ...scheduler }, weights: null, files: {} },
  };
}
