// Sampler: the work of the node.
import type { Image, NodeRun } from '@facewright/core';
import type { sampler } from './definition.ts';
import { drawList, wantedOf } from './draw-list.ts';

/** Throws SAMPLER_NO_PROMPTS, SAMPLER_SIZE, SAMPLER_CHANNELS, MODELS_INPUT, and what opening the model throws. */
export const run: NodeRun<typeof sampler> = async ({ model, prompts, seed, imagesPerPrompt, ...settings }, ctx) => {
  const images: Image[] = [];
  for await (const group of drawList({ model, wanted: wantedOf(prompts, seed, imagesPerPrompt), settings }, ctx)) images.push(...group);
  return { images };
};
