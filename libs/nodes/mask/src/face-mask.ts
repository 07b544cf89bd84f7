// Face mask: the work of the node.
import type { Face, Image, NodeRun } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import type { faceMask } from './definition.ts';
import { featherMask } from './feather-mask.ts';
import { fillFace } from './fill-face.ts';

export const run: NodeRun<typeof faceMask> = async ({ faces: { images }, shape, which, dilation, feather }, ctx) => {
  const masks: Image[] = [];
  for (const { image, faces } of images) {
    ctx.signal.throwIfAborted();
    const { width, height } = image;
    const mask: ImageBuffer = { width, height, channels: 1, data: new Uint8Array(width * height) };
    for (const face of chosen(faces, which)) fillFace(mask, face, shape, dilation);
    const soft = featherMask(mask, feather);
    masks.push(await ctx.images.write(soft, image));
    ctx.progress(masks.length, images.length, soft);
  }
  return { masks };
};

const areaOf = ({ box: [x1, y1, x2, y2] }: Face): number => (x2 - x1) * (y2 - y1);

function chosen(faces: readonly Face[], which: 'all' | 'largest' | 'smallest'): readonly Face[] {
  if (which === 'all') return faces;
  const bySize = faces.toSorted((a, b) => areaOf(b) - areaOf(a));
  return which === 'largest' ? bySize.slice(0, 1) : bySize.slice(-1);
}
