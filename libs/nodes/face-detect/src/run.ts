// Face detect: the work of the node.
import type { Faces, Image, NodeRun } from '@facewright/core';
import { drawFaces, openDetector } from '@facewright/pipelines';
import type { definition } from './definition.ts';

/** Throws what opening the detector and reading a picture throw. */
export const run: NodeRun<typeof definition> = async ({ model, images, ...options }, ctx) => {
  const detector = await openDetector(model, ctx);
  const found: Faces['images'] = [];
  const overlays: Image[] = [];
  for (const image of images) {
    ctx.signal.throwIfAborted();
    const pixels = await ctx.images.read(image);
    const faces = await detector.detect(pixels, options);
    const overlay = drawFaces(pixels, faces);
    found.push({ image, faces });
    overlays.push(await ctx.images.write(overlay, { key: image.key, caption: image.caption }));
    ctx.progress(found.length, images.length, overlay);
  }
  const without = found.filter(({ faces }) => faces.length === 0);
  if (without.length > 0)
    ctx.log(
      'warn',
      `no face of confidence ${options.threshold} in ${without.length} of ${images.length} pictures: ${listed(without.map(({ image }) => image.key))}`,
    );
  return { faces: { images: found }, overlays };
};

const listed = (keys: readonly string[]): string =>
  keys.length > 8 ? `${keys.slice(0, 8).join(', ')} and ${keys.length - 8} more` : keys.join(', ');
