// Aesthetic score: the work of the node.
import type { NodeRun } from '@facewright/core';
import { clipPixels, openAesthetic, openClip, picturesToScore, scoreErrors, scorePictures } from '@facewright/pipelines';
import type { aestheticScore } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, SCORES_FIT for a head of another CLIP, and what opening the models throws. */
export const run: NodeRun<typeof aestheticScore> = async ({ model, clip: below, faces, images, per }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const [head, clip] = [await openAesthetic(model, ctx), await openClip(below, ctx)];
  const { projection } = clip.config.vision;
  if (projection !== head.width)
    throw scoreErrors.FIT(`clip ${below.name}`, `features of width ${head.width}, as ${model.name} reads`, `${projection}`);
  return scorePictures(
    pictures,
    {
      metric: `${faces ? 'Local aesthetic score' : 'Aesthetic score'} (${model.name})`,
      score: async (crops) => head.score(await clip.pictures(crops, clipPixels)),
    },
    { prompt: '', per },
    ctx,
  );
};
