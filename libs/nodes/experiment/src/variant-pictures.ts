// Pictures of a variant: the work of the node.
import type { NodeRun } from '@facewright/core';
import type { variantPictures } from './definition.ts';
import { err } from './errors.ts';

/** Throws EXPERIMENT_NO_VARIANT. */
export const run: NodeRun<typeof variantPictures> = async ({ variants, label }) => {
  const name = label.trim();
  const found = name === '' ? variants[0] : variants.find((variant) => variant.label === name);
  if (!found)
    throw err.NO_VARIANT(
      name,
      variants.map((variant) => variant.label),
    );
  return { images: found.images };
};
