// Load LoRA: the work of the node.
import type { Model, NodeRun } from '@facewright/core';
import { lorasOver } from '@facewright/pipelines';
import { basename } from 'node:path';
import type { loadLora } from './definition.ts';
import { err } from './errors.ts';
import { notFound } from './not-found.ts';

/** Throws LOADER_NOT_FOUND, LOADER_KIND for a folder, WEIGHTS_* for a damaged file, WEIGHTS_LORA with the names that fit no weight of the model, PIPELINES_EXPORTED. */
export const run: NodeRun<typeof loadLora> = async ({ model, path, strength, textStrength }, ctx) => {
  const found = await ctx.files.exists(path);
  if (found === 'folder') throw err.KIND(path, 'a LoRA file', 'a folder');
  if (found === null) throw await notFound(path, 'a LoRA file', ctx);
  const lora = { name: basename(path), weights: await ctx.files.ref(path), strength, ...(textStrength !== undefined && { textStrength }) };
  const added: Model<'diffusion'> = { ...model, loras: [...model.loras, lora] };
  // reads and checks the names of all components
  await lorasOver(added, 'unet', ctx);
  return { model: added };
};
