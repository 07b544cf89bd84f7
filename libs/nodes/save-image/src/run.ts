// Save images: the work of the node.
import { withPictureGraph, type NodeRun } from '@facewright/core';
import { safeName, safePath, uniqueName } from '@facewright/pipelines';
import type { definition } from './definition.ts';

export const run: NodeRun<typeof definition> = async ({ images, prefix }, ctx) => {
  const taken = new Set<string>();
  const start = safePath(prefix);
  const joint = start === '' ? '' : /[/\\]$/.test(prefix) ? '/' : '-';
  for (const [index, image] of images.entries()) {
    ctx.signal.throwIfAborted();
    const name = uniqueName(`${start}${joint}${safeName(image.key.replace(/\.(png|jpe?g|webp)$/i, ''))}`, taken);
    // pictures from folders may be JPEG or WebP
    const { asset } = image.asset.mediaType === 'image/png' ? image : await ctx.images.write(await ctx.images.read(image), image);
    const { graph, node } = ctx;
    const png = withPictureGraph(await ctx.assets.read(asset), { graph, node, key: image.key, caption: image.caption });
    await ctx.files.write(`${name}.png`, png, 'rename');
    ctx.progress(index + 1, images.length);
  }
  return { images };
};
