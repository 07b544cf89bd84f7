// Save images: the work of the node.
import type { NodeRun } from '@facewright/core';
import type { definition } from './definition.ts';
import { withPngText } from './png-text.ts';
import { safeName, uniqueName } from './safe-name.ts';

export const run: NodeRun<typeof definition> = async ({ images, prefix }, ctx) => {
  const taken = new Set<string>();
  const start = prefix
    .split(/[/\\]/)
    .filter((part) => part !== '')
    .map(safeName)
    .join('/');
  const joint = start === '' ? '' : /[/\\]$/.test(prefix) ? '/' : '-';
  for (const [index, image] of images.entries()) {
    ctx.signal.throwIfAborted();
    const name = uniqueName(`${start}${joint}${safeName(image.key)}`, taken);
    await ctx.files.write(
      `${name}.png`,
      withPngText(await ctx.assets.read(image.asset), { Title: image.key, Description: image.caption, Software: 'Facewright' }),
    );
    ctx.progress(index + 1, images.length);
  }
  return { images };
};
