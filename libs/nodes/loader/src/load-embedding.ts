// Load textual inversion: the work of the node.
import type { NodeRun } from '@facewright/core';
import { checkOwnWeights } from '@facewright/pipelines';
import { readEmbedding } from '@facewright/weights';
import { basename, extname } from 'node:path';
import type { loadEmbedding } from './definition.ts';
import { notFound } from './not-found.ts';

/** Throws LOADER_NOT_FOUND, PIPELINES_EXPORTED, WEIGHTS_* for a damaged file or one without vectors. */
export const run: NodeRun<typeof loadEmbedding> = async ({ model, path, word }, ctx) => {
  checkOwnWeights(model, 'a textual inversion');
  if ((await ctx.files.exists(path)) !== 'file') throw await notFound(path, 'a textual inversion file', ctx);
  const weights = await ctx.files.ref(path);
  await readEmbedding(await ctx.assets.file(weights));
  const name = word || basename(path, extname(path));
  return { model: { ...model, embeddings: [...(model.embeddings ?? []), { name, weights }] } };
};
