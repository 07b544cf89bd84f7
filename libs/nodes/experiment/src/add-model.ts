// Add model: the work of the node.
import type { NodeRun } from '@facewright/core';
import type { addModel } from './definition.ts';
import { err } from './errors.ts';

/** Throws EXPERIMENT_LABEL. */
export const run: NodeRun<typeof addModel> = async ({ models = [], model, label }) => {
  const name = label.trim() || model.name;
  if (models.some((before) => before.label === name)) throw err.LABEL(name);
  return { models: [...models, { label: name, model }] };
};
