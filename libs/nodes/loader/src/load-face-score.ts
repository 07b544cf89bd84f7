// Load face score: the work of the node.
import type { NodeRun } from '@facewright/core';
import { BlipReward, checkWeights, parseBlipRewardConfig } from '@facewright/models';
import { readSafetensorsHeader } from '@facewright/weights';
import { basename } from 'node:path';
import type { loadFaceScore } from './definition.ts';
import { err } from './errors.ts';
import { notFound } from './not-found.ts';
import { firstFile, readJson } from './read-json.ts';

/** Throws LOADER_NOT_FOUND, LOADER_MISSING with every absent file, LOADER_JSON, MODELS_CONFIG, MODELS_WEIGHTS with every parameter that differs, WEIGHTS_*. */
export const run: NodeRun<typeof loadFaceScore> = async ({ path }, ctx) => {
  const place = path.replace(/[/\\]+$/, '');
  if ((await ctx.files.exists(place)) !== 'folder') throw await notFound(path, 'the folder of a face score model', ctx);
  const folder = (await ctx.files.exists(`${place}/face_score`)) === 'folder' ? `${place}/face_score` : place;
  const wanted = { config: ['config.json', 'med_config.json'], weights: ['model.safetensors'], vocabulary: ['vocab.txt'] };
  const files = {
    config: await firstFile(folder, wanted.config, ctx),
    weights: await firstFile(folder, wanted.weights, ctx),
    vocabulary: await firstFile(folder, wanted.vocabulary, ctx),
  };
  if (files.config === null || files.weights === null || files.vocabulary === null) {
    throw err.MISSING(
      folder,
      'the folder of a face score model',
      (['config', 'weights', 'vocabulary'] as const).filter((kind) => files[kind] === null).map((kind) => wanted[kind].join(' or ')),
    );
  }
  const config = { ...(await readJson(files.config, ctx)) };
  const weights = await ctx.files.ref(files.weights);
  const { tensors } = await readSafetensorsHeader(await ctx.assets.file(weights));
  checkWeights(new BlipReward(parseBlipRewardConfig(config)), tensors, { file: files.weights });
  const component = { config, weights, files: { 'vocab.txt': await ctx.files.ref(files.vocabulary) } };
  return {
    model: { family: 'face-score', architecture: 'blip-reward', name: basename(place), components: { face_score: component }, loras: [] },
  };
};
