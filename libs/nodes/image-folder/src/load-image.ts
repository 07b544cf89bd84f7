// Load image: the work of the node.
import { assetIdOf, type NodeContext, type NodeRun } from '@facewright/core';
import { mediaTypeOf } from '@facewright/pipelines';
import { CodedError, type ImageBuffer } from '@facewright/tensor';
import { basename } from 'node:path';
import { err } from './errors.ts';
import type { definition } from './load-image-definition.ts';

/** Throws ENGINE_MISSING_FILE, IMAGE_FOLDER_NO_PICTURE, IMAGE_FOLDER_NO_ASSET and IMAGE_FOLDER_MASK_SIZE. */
export const run: NodeRun<typeof definition> = async ({ path, mask: painted, caption }, ctx) => {
  const id = assetIdOf(path);
  const about = { key: id ? id.slice(7, 19) : basename(path), caption };
  const bytes = id ? await kept(id, 'path', ctx) : await ctx.files.read(path);
  const file = await ctx.assets.write(bytes, mediaTypeOf(bytes));
  const { colours, opacity } = await ctx.images.layers(file).catch((error: unknown) => {
    throw err.NO_PICTURE(path, error instanceof Error ? error.message : String(error));
  });
  const { width, height } = colours;
  const data = painted ? await readMask(painted, colours, about.key, ctx) : opacity?.data.map((byte) => 255 - byte);
  if (!data) ctx.log('info', `${about.key} has no transparency, and no mask is painted: its mask is black, nothing is to be repainted`);
  ctx.progress(1, 1, colours);
  return {
    // without transparency the file as it is: encoding it anew would take more room
    images: [opacity ? await ctx.images.write(colours, about) : { asset: file, width, height, ...about }],
    masks: [await ctx.images.write({ width, height, channels: 1, data: data ?? new Uint8Array(width * height) }, about)],
  };
};

async function kept(id: string, input: string, { assets }: NodeContext): Promise<Uint8Array> {
  // the store goes by the id alone
  return assets.read({ id, mediaType: 'image/png', bytes: 0 }).catch((error: unknown) => {
    throw error instanceof CodedError && error.code === 'ENGINE_MISSING_ASSET' ? err.NO_ASSET(input, `asset:${id}`) : error;
  });
}

/** One byte a pixel, white is repainted. */
async function readMask(name: string, { width, height }: ImageBuffer, picture: string, ctx: NodeContext): Promise<Uint8Array> {
  const bytes = await kept(assetIdOf(name)!, 'mask', ctx);
  const mask = await ctx.images.read(await ctx.assets.write(bytes, mediaTypeOf(bytes)));
  if (mask.width !== width || mask.height !== height) throw err.MASK_SIZE(picture, [width, height], [mask.width, mask.height]);
  return Uint8Array.from({ length: width * height }, (_, i) => mask.data[3 * i]!);
}
