// Preview: the work of the node.
import type { NodeRun } from '@facewright/core';
import { contactSheet } from '@facewright/pipelines';
import type { definition } from './definition.ts';

export const run: NodeRun<typeof definition> = async ({ images, limit }, ctx) => {
  const shown = images.slice(0, limit);
  const pictures = await Promise.all(shown.slice(0, 16).map((image) => ctx.images.read(image)));
  ctx.progress(shown.length, shown.length, contactSheet(pictures));
  return { images: shown };
};
