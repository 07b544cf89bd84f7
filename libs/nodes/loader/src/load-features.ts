// Load feature network: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openFeatures } from '@facewright/pipelines';
import type { loadFeatures } from './definition.ts';
import { loadNetwork } from './load-network.ts';

/** Throws LOADER_NOT_FOUND, LOADER_MISSING, ONNX_MALFORMED for a file of another kind, PIPELINES_NETWORK for a network with other inputs or outputs. */
export const run: NodeRun<typeof loadFeatures> = async ({ path }, ctx) => {
  const model = await loadNetwork('features', 'features', path, { inside: 'features/features.onnx' }, ctx);
  const { length } = await openFeatures(model, ctx);
  ctx.log('info', `${model.name} gives ${length} numbers for each picture`);
  return { model };
};
