// Load LoRA: the work of the node.
import type { Model, NodeRun } from '@facewright/core';
import { parseUNetConfig } from '@facewright/models';
import { componentOf, lorasOver } from '@facewright/pipelines';
import { basename } from 'node:path';
import type { loadLora } from './definition.ts';
import { err } from './errors.ts';

/** Throws LOADER_NOT_FOUND, WEIGHTS_* for a damaged file, WEIGHTS_LORA with every name that fits no weight of the model. */
export const run: NodeRun<typeof loadLora> = async ({ model, path, strength }, ctx) => {
  if ((await ctx.files.exists(path)) !== 'file') throw err.NOT_FOUND(path, 'a .safetensors file');
  const added: Model<'diffusion'> = {
    ...model,
    loras: [...model.loras, { name: basename(path), weights: await ctx.files.ref(path), strength }],
  };
  // reads the names of the text encoder too
  await lorasOver(added, 'unet', parseUNetConfig(componentOf(model, 'unet').config), ctx);
  return { model: added };
};
