// Load face score: the work of the node.
import type { NodeContext, NodeRun } from '@facewright/core';
import { BlipReward, checkWeights, imageRewardConfig, parseBlipRewardConfig } from '@facewright/models';
import { bertVocabulary, withoutModulePrefix } from '@facewright/pipelines';
import { openTensorFile } from '@facewright/weights';
import { basename, dirname } from 'node:path';
import type { loadFaceScore } from './definition.ts';
import { err } from './errors.ts';
import { notFound } from './not-found.ts';
import { firstFile, readJson } from './read-json.ts';
import { weightEndings } from './weight-endings.ts';

const want = 'a face score model';

/**
 * Throws LOADER_NOT_FOUND, LOADER_MISSING with every absent file, LOADER_KIND for a folder of several models, LOADER_JSON, MODELS_CONFIG, MODELS_WEIGHTS with every parameter
 * that differs, WEIGHTS_*.
 */
export const run: NodeRun<typeof loadFaceScore> = async ({ path }, ctx) => {
  const place = path.replace(/[/\\]+$/, '');
  const found = await ctx.files.exists(place);
  if (found === null) {
    const pull = `the folder or the file of ${want} (facewright models pull face-score, or image-reward, downloads one)`;
    throw await notFound(path, pull, ctx);
  }
  const { file, config: configFile, vocabulary } = found === 'file' ? await beside(place, ctx) : await inFolder(place, ctx);
  const config = configFile === null ? { ...imageRewardConfig } : { ...(await readJson(configFile, ctx)) };
  const parsed = parseBlipRewardConfig(config);
  if (vocabulary === null && parsed.text.vocabSize < bertVocabulary().length) throw err.MISSING(dirname(file), want, ['vocab.txt']);
  const weights = await ctx.files.ref(file);
  const { tensors } = await openTensorFile(await ctx.assets.file(weights));
  checkWeights(new BlipReward(parsed), withoutModulePrefix(tensors), { file });
  const files = vocabulary === null ? {} : { 'vocab.txt': await ctx.files.ref(vocabulary) };
  return {
    model: {
      family: 'face-score',
      architecture: 'blip-reward',
      name: basename(place).replace(/\.(safetensors|ckpt|pt|pth|bin)$/, ''),
      components: { face_score: { config, weights, files } },
      loras: [],
    },
  };
};

interface Found {
  readonly file: string;
  /** Null: as the authors have it. */
  readonly config: string | null;
  readonly vocabulary: string | null;
}

/** Files may lie among those of other models, so that only the names of this one count, and a config.json that describes both halves of a face score. */
async function beside(file: string, ctx: NodeContext): Promise<Found> {
  const folder = dirname(file);
  const config = await firstFile(folder, ['config.json'], ctx);
  return {
    file,
    config: config !== null && 'head_sizes' in (await readJson(config, ctx)) ? config : await firstFile(folder, ['med_config.json'], ctx),
    vocabulary: await firstFile(folder, ['vocab.txt'], ctx),
  };
}

async function inFolder(place: string, ctx: NodeContext): Promise<Found> {
  const folder = (await ctx.files.exists(`${place}/face_score`)) === 'folder' ? `${place}/face_score` : place;
  const files = await ctx.files.list(folder, weightEndings);
  const file = files.find((name) => basename(name) === 'model.safetensors') ?? files[0];
  if (file === undefined) throw err.MISSING(folder, want, ['model.safetensors, or FS_model.pt or ImageReward.pt']);
  if (files.length > 1 && basename(file) !== 'model.safetensors')
    throw err.KIND(folder, `the file of ${want}, or a folder with one`, `a folder with ${files.map((name) => basename(name)).join(', ')}`);
  return {
    file,
    config: await firstFile(folder, ['config.json', 'med_config.json'], ctx),
    vocabulary: await firstFile(folder, ['vocab.txt'], ctx),
  };
}
