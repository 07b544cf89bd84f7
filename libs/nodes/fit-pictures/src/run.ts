// Fit pictures: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import { centreSquare, cropImage, resizeImage, trainedSize } from '@facewright/pipelines';
import type { definition } from './definition.ts';
import { err } from './errors.ts';

/** Resized as torchvision does it, with antialiased bicubic. Throws FIT_PICTURES_NO_SIDE, FIT_PICTURES_NONE, ENGINE_BAD_IMAGE. */
export const run: NodeRun<typeof definition> = async ({ images, model, side: asked, keep, smallest }, ctx) => {
  const side = asked || (model ? trainedSize(model) : 0);
  if (side === 0) throw err.NO_SIDE();
  const wanted = images.filter(({ width, height }) => Math.min(width, height) >= smallest);
  if (wanted.length === 0) throw err.NONE(images.length, smallest);
  if (wanted.length < images.length)
    ctx.log('info', `${images.length - wanted.length} of ${images.length} pictures are smaller than ${smallest} pixels and left out`);
  const fitted: Image[] = [];
  for (const image of wanted) {
    await ctx.gate();
    if (image.width === side && image.height === side) fitted.push(image);
    else {
      const { width, height, left, top } = centreSquare(image, side);
      const upper = keep === 'top' ? 0 : top;
      const whole = resizeImage(await ctx.images.read(image), width, height, 'bicubic');
      const square = cropImage(whole, left, upper, left + side, upper + side);
      fitted.push(await ctx.images.write(square, image));
      ctx.progress(fitted.length, wanted.length, square);
    }
  }
  ctx.progress(fitted.length, wanted.length);
  return { images: fitted };
};
