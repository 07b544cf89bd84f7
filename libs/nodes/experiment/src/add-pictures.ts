// Add pictures: the work of the node.
import type { NodeRun } from '@facewright/core';
import type { addPictures } from './definition.ts';
import { err } from './errors.ts';

/** Throws EXPERIMENT_LABEL, EXPERIMENT_NO_PICTURES. */
export const run: NodeRun<typeof addPictures> = async ({ variants = [], images, label }) => {
  const name = label.trim();
  if (name === '' || variants.some((before) => before.label === name)) throw err.LABEL(name);
  const [first] = images;
  if (!first) throw err.NO_PICTURES(name);
  return { variants: [...variants, { label: name, facts: { size: `${first.width} × ${first.height}` }, images }] };
};
