// Faces as the trainer compares them: the crop of the good picture and that of the bad one, and worse versions made on the spot.
import type { NodeContext, PairSet } from '@facewright/core';
import { cropFace } from '@facewright/pipelines';
import { addNoise, blur, sharpen } from '@facewright/tensor';
import type { ImageBuffer, Rng } from '@facewright/tensor';
import { err } from './errors.ts';

export interface FacePair {
  readonly good: ImageBuffer;
  readonly bad: ImageBuffer;
}

/** The repainted boxes of every pair, cut from both pictures. Throws FACE_SCORE_TRAINER_NO_FACES. */
export async function cropPairs({ pairs }: PairSet, ctx: NodeContext): Promise<FacePair[]> {
  const crops: FacePair[] = [];
  for (const { good, bad, boxes } of pairs) {
    ctx.signal.throwIfAborted();
    const [goodPixels, badPixels] = [await ctx.images.read(good), await ctx.images.read(bad)];
    for (const box of boxes) {
      const [a, b] = [cropFace(goodPixels, box), cropFace(badPixels, box)];
      if (a && b) crops.push({ good: a, bad: b });
    }
  }
  if (crops.length === 0) throw err.NO_FACES(pairs.length);
  return crops;
}

/** Ways in which a face is made worse; none of them may raise the score. */
export const degradations = ['blurred', 'sharpened', 'noised'] as const;
export type Degradation = (typeof degradations)[number];

/** The good crop made worse, in a way of its own or in one that is drawn first. Strengths follow the size of the crop. */
export function degrade(good: ImageBuffer, rng: Rng, way: Degradation = degradations[rng.integer(degradations.length)]!): ImageBuffer {
  const pixel = Math.min(good.width, good.height) / 32;
  switch (way) {
    case 'blurred':
      return blur(good, pixel * (0.5 + 1.2 * rng()));
    case 'sharpened':
      return sharpen(good, pixel, 1 + 2 * rng());
    case 'noised':
      return addNoise(good, 8 + 24 * rng(), rng);
  }
}
