// Sampler: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import {
  contactSheet,
  denoise,
  firstRows,
  keyedSeed,
  openDiffusion,
  samplerFrom,
  stackRows,
  type DiffusionModel,
} from '@facewright/pipelines';
import { float32 } from '@facewright/tensor';
import type { definition } from './definition.ts';
import { err } from './errors.ts';

/** Throws SAMPLER_NO_PROMPTS, SAMPLER_SIZE, SAMPLER_CHANNELS, and what opening the model throws. */
export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const {
    prompts: { prompts },
    seed,
    guidance,
    batch,
    previewSteps,
  } = inputs;
  if (prompts.length === 0) throw err.NO_PROMPTS();
  const model = await openDiffusion(inputs.model, ctx, { batch: guidance === 1 ? batch : 2 * batch });
  const { height, width } = latentSize(model, inputs);
  const channels = model.vae.latentChannels;
  if (model.unet.inChannels !== channels) throw err.CHANNELS(inputs.model.name, channels, model.unet.inChannels);
  const { sampler, first } = samplerFrom(inputs.scheduler, model, inputs.steps, model.schedule.alphasCumprod.length);
  const unconditional = await model.encodeText([inputs.negativePrompt]);

  const wanted = prompts.flatMap(({ key, text }) =>
    Array.from({ length: inputs.imagesPerPrompt }, (_, i) => ({ key: `${key}#${seed + i}`, noise: keyedSeed(seed + i, key), text })),
  );
  const groups = evenGroups(wanted, batch);
  const images: Image[] = [];
  const work = (done: number, step: number, count: number) => [done * inputs.steps + step * count, wanted.length * inputs.steps] as const;
  for (const group of groups) {
    const noise = stackRows(
      group.map((picture) => float32([1, channels, height, width], ctx.rng(picture.noise).normal(channels * height * width))),
    );
    const latents = await denoise({
      model,
      sampler,
      first,
      guidance,
      unconditional,
      text: await model.encodeText(group.map((picture) => picture.text)),
      latents: { ...noise, data: noise.data.map((x) => x * sampler.initialScale) },
      onStep: async (step, _, original) => {
        const show = previewSteps > 0 && step % previewSteps === 0;
        ctx.progress(
          ...work(images.length, step, group.length),
          show ? contactSheet(await model.decodeLatents(firstRows(original(), 4))) : undefined,
        );
      },
    });
    const pictures = await model.decodeLatents(latents);
    for (const [index, { key, text }] of group.entries()) images.push(await ctx.images.write(pictures[index]!, { key, caption: text }));
    ctx.progress(...work(images.length, 0, 0), contactSheet(pictures.slice(0, 16)));
  }
  return { images };
};

/** Groups of at most `most` items, as equal as can be, so that one session serves all but few of them. */
function evenGroups<T>(items: readonly T[], most: number): T[][] {
  const size = Math.ceil(items.length / Math.ceil(items.length / most));
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

function latentSize(
  { size, multiple, stride }: DiffusionModel,
  { width, height }: { readonly width: number; readonly height: number },
): { readonly width: number; readonly height: number } {
  for (const [side, pixels] of [
    ['width', width],
    ['height', height],
  ] as const)
    if (pixels % multiple !== 0) throw err.SIZE(side, multiple, pixels);
  return { width: (width || size) / stride, height: (height || size) / stride };
}
