// Inpaint: the work of the node.
import type { Box, Image, NodeRun } from '@facewright/core';
import { asMask, boundsOf, openDiffusion, regionAround } from '@facewright/pipelines';
import { checkChannels } from './check-channels.ts';
import type { repaintMask } from './definition.ts';
import { err } from './errors.ts';
import { repaintAll, type RepaintPicture } from './repaint-all.ts';

/** Throws INPAINT_NO_PICTURES, INPAINT_MASKS with every mask that is not of its picture's size, INPAINT_CHANNELS, MODELS_INPUT, and what opening the model and reading a picture throw. */
export const run: NodeRun<typeof repaintMask> = async (inputs, ctx) => {
  const { images, masks, prompt, area, padding } = inputs;
  if (images.length === 0) throw err.NO_PICTURES();
  const maskOf = maskFor(images, masks);
  const model = await openDiffusion(inputs.model, ctx, { batch: inputs.guidance === 1 ? inputs.batch : 2 * inputs.batch });
  checkChannels(inputs.model, model);
  const pictures: RepaintPicture[] = [];
  // one after the other: thousands of masks at once fill memory
  for (const [i, image] of images.entries()) {
    ctx.signal.throwIfAborted();
    const mask = async () => asMask(await ctx.images.read(maskOf(i)));
    const bounds = boundsOf(await mask());
    const region = (found: Box): Box => (area === 'crop' ? regionAround(found, padding, image) : [0, 0, image.width, image.height]);
    pictures.push({ image, text: prompt || image.caption, areas: bounds ? [{ mask, region: region(bounds) }] : [] });
  }
  const empty = pictures.filter(({ areas }) => areas.length === 0);
  if (empty.length > 0)
    ctx.log('warn', `the mask of ${empty.map(({ image }) => image.key).join(', ')} is black, so that nothing is repainted there`);
  const painted = await repaintAll(pictures, model, inputs, ctx);
  return { images: painted.flatMap((image, i) => (image ? [{ ...image, caption: pictures[i]!.text }] : [])) };
};

/** The mask of each picture by its place. */
function maskFor(images: readonly Image[], masks: readonly Image[]): (index: number) => Image {
  if (masks.length !== 1 && masks.length !== images.length) throw err.MASKS([`expected 1 or ${images.length} masks, got ${masks.length}`]);
  const maskOf = (index: number) => masks[masks.length === 1 ? 0 : index]!;
  const wrong = images.flatMap(({ key, width, height }, i) => {
    const mask = maskOf(i);
    return mask.width === width && mask.height === height
      ? []
      : [`picture ${key}: expected a mask of ${width}x${height} pixels, got ${mask.width}x${mask.height}`];
  });
  if (wrong.length > 0) throw err.MASKS(wrong);
  return maskOf;
}
