// Sampler: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import { drawGroup, groupsOf, keyedSeed, openDiffusion, watchDrawing, type DiffusionModel } from '@facewright/pipelines';
import type { sampler } from './definition.ts';
import { err } from './errors.ts';

/** Throws SAMPLER_NO_PROMPTS, SAMPLER_SIZE, SAMPLER_CHANNELS, MODELS_INPUT, and what opening the model throws. */
export const run: NodeRun<typeof sampler> = async (inputs, ctx) => {
  const {
    prompts: { prompts },
    seed,
    guidance,
    batch,
  } = inputs;
  if (prompts.length === 0) throw err.NO_PROMPTS();
  const model = await openDiffusion(inputs.model, ctx, { batch: guidance === 1 ? batch : 2 * batch });
  const size = latentSize(model, inputs);
  const channels = model.vae.latentChannels;
  if (model.unet.inChannels !== channels) throw err.CHANNELS(inputs.model.name, channels, model.unet.inChannels);

  const wanted = prompts.flatMap(({ key, text }) =>
    Array.from({ length: inputs.imagesPerPrompt }, (_, i) => ({ key: `${key}#${seed + i}`, noise: keyedSeed(seed + i, key), text })),
  );
  const watch = watchDrawing(model, wanted.length, inputs.previewSteps, ctx);
  const images: Image[] = [];
  for (const group of groupsOf(wanted, batch, () => 'one size')) {
    const pictures = await drawGroup({
      model,
      settings: inputs,
      rows: group.map(({ noise, text }) => ({ text, rng: ctx.rng(noise) })),
      size,
      onStep: watch.onStep(group.length),
    });
    for (const [index, { key, text }] of group.entries()) images.push(await ctx.images.write(pictures[index]!, { key, caption: text }));
    watch.finished(pictures);
  }
  return { images };
};

/** [height, width] of the latents. */
function latentSize(
  { size, stride }: DiffusionModel,
  { width, height }: { readonly width: number; readonly height: number },
): readonly [number, number] {
  for (const [side, pixels] of [
    ['width', width],
    ['height', height],
  ] as const)
    if (pixels % stride !== 0) throw err.SIZE(side, stride, pixels);
  return [(height || size) / stride, (width || size) / stride];
}
