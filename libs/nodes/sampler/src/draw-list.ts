// Prompts drawn with one model, group by group: what the Sampler and an experiment share.
import type { Image, Model, NodeContext, Prompts } from '@facewright/core';
import {
  drawGroup,
  groupsOf,
  keyedSeed,
  openDiffusion,
  watchDrawing,
  type DiffusionModel,
  type SamplingSettings,
} from '@facewright/pipelines';
import { err } from './errors.ts';

export interface DrawSettings extends SamplingSettings {
  readonly width: number;
  readonly height: number;
  readonly batch: number;
  readonly previewSteps: number;
}
export interface Wanted {
  readonly key: string;
  /** Seed of the noise: of the key and its seed, never of the model. */
  readonly noise: number;
  readonly text: string;
}

/** A picture for each prompt and each of the seeds seed, seed + 1 … Throws SAMPLER_NO_PROMPTS. */
export function wantedOf({ prompts }: Prompts, seed: number, perPrompt: number): Wanted[] {
  if (prompts.length === 0) throw err.NO_PROMPTS();
  return prompts.flatMap(({ key, text }) =>
    Array.from({ length: perPrompt }, (_, i) => ({ key: `${key}#${seed + i}`, noise: keyedSeed(seed + i, key), text })),
  );
}

export interface DrawList {
  readonly model: Model<'diffusion'>;
  readonly wanted: readonly Wanted[];
  readonly settings: DrawSettings;
  /** Pictures drawn before this list, and in all: for progress. Default: none, and those of the list. */
  readonly progress?: { readonly before: number; readonly total: number };
}

/** The pictures, a group at a time, in the order of the list. Throws SAMPLER_SIZE, SAMPLER_CHANNELS, MODELS_INPUT, and what opening the model throws. */
export async function* drawList(
  { model: handle, wanted, settings, progress = { before: 0, total: wanted.length } }: DrawList,
  ctx: NodeContext,
): AsyncGenerator<readonly Image[], void> {
  const { guidance, batch } = settings;
  const model = await openDiffusion(handle, ctx, { batch: guidance === 1 ? batch : 2 * batch });
  const size = latentSize(model, settings);
  const channels = model.vae.latentChannels;
  if (model.unet.inChannels !== channels) throw err.CHANNELS(handle.name, channels, model.unet.inChannels);
  const watch = watchDrawing(model, progress.total, settings.previewSteps, ctx, progress.before);
  for (const group of groupsOf(wanted, batch, () => 'one size')) {
    const pictures = await drawGroup({
      model,
      settings,
      rows: group.map(({ noise, text }) => ({ text, rng: ctx.rng(noise) })),
      size,
      onStep: watch.onStep(group.length),
    });
    const images: Image[] = [];
    for (const [index, { key, text }] of group.entries()) images.push(await ctx.images.write(pictures[index]!, { key, caption: text }));
    watch.finished(pictures);
    yield images;
  }
}

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
