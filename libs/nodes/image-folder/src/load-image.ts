// Load image: the work of the node.
import type { NodeRun } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import { basename } from 'node:path';
import { err } from './errors.ts';
import type { definition } from './load-image-definition.ts';
import { mediaTypeOf } from './media-type.ts';

/** Throws ENGINE_MISSING_FILE and IMAGE_FOLDER_NO_PICTURE. */
export const run: NodeRun<typeof definition> = async ({ path, caption }, ctx) => {
  const about = { key: basename(path), caption };
  const file = await ctx.assets.write(await ctx.files.read(path), mediaTypeOf(path));
  const { colours, opacity } = await ctx.images.layers(file).catch((error: unknown) => {
    throw err.NO_PICTURE(path, error instanceof Error ? error.message : String(error));
  });
  const { width, height } = colours;
  if (!opacity) ctx.log('info', `${about.key} has no transparency: its mask is black, nothing is to be repainted`);
  const mask: ImageBuffer = { width, height, channels: 1, data: opacity?.data.map((byte) => 255 - byte) ?? new Uint8Array(width * height) };
  ctx.progress(1, 1, colours);
  return {
    // without transparency the file as it is: encoding it anew would take more room
    images: [opacity ? await ctx.images.write(colours, about) : { asset: file, width, height, ...about }],
    masks: [await ctx.images.write(mask, about)],
  };
};
