// Invert mask: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import type { invertMask } from './definition.ts';

/** Throws ENGINE_BAD_IMAGE. */
export const run: NodeRun<typeof invertMask> = async ({ masks }, ctx) => {
  const inverted: Image[] = [];
  for (const mask of masks) {
    ctx.signal.throwIfAborted();
    const pixels = await ctx.images.read(mask);
    const image = { ...pixels, data: pixels.data.map((byte) => 255 - byte) };
    inverted.push(await ctx.images.write(image, mask));
    ctx.progress(inverted.length, masks.length, image);
  }
  return { masks: inverted };
};
