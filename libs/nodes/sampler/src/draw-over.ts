// Image to image: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import { drawGroup, groupsOf, keyedSeed, openDiffusion, resizeImage, watchDrawing, workSize } from '@facewright/pipelines';
import type { imageToImage } from './definition.ts';
import { err } from './errors.ts';

/** Throws SAMPLER_NO_PICTURES, SAMPLER_CHANNELS, MODELS_INPUT, and what opening the model and reading a picture throw. */
export const run: NodeRun<typeof imageToImage> = async (inputs, ctx) => {
  const { images: originals, guidance, batch, strength, prompt } = inputs;
  if (originals.length === 0) throw err.NO_PICTURES();
  const model = await openDiffusion(inputs.model, ctx, { batch: guidance === 1 ? batch : 2 * batch });
  const channels = model.vae.latentChannels;
  if (model.unet.inChannels !== channels) throw err.CHANNELS(inputs.model.name, channels, model.unet.inChannels);
  const jobs = originals.map((image, index) => ({ index, image, work: workSize(image, inputs.longestSide || model.size, model.stride) }));
  const watch = watchDrawing(model, jobs.length, inputs.previewSteps, ctx);
  const images: Image[] = [];
  for (const group of groupsOf(jobs, batch, ({ work }) => `${work.width}x${work.height}`)) {
    const { width, height } = group[0]!.work;
    const pixels = await Promise.all(group.map(async ({ image }) => resizeImage(await ctx.images.read(image), width, height, 'bicubic')));
    const captionOf = ({ caption }: Image) => prompt || caption;
    const pictures = await drawGroup({
      model,
      settings: inputs,
      rows: group.map(({ image }) => ({ text: captionOf(image), rng: ctx.rng(keyedSeed(inputs.seed, image.key)) })),
      size: [height / model.stride, width / model.stride],
      strength,
      over: { clean: await model.encodeImages(pixels) },
      onStep: watch.onStep(group.length),
    });
    for (const [i, { index, image }] of group.entries())
      images[index] = await ctx.images.write(pictures[i]!, { key: image.key, caption: captionOf(image) });
    watch.finished(pictures);
  }
  return { images };
};
