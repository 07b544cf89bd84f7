// Face score: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openFaceScore, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { definition } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof definition> = async ({ model, faces, images, prompt, per }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const { score } = await openFaceScore(model, ctx);
  return scorePictures(pictures, { metric: `Face score (${model.name})`, score }, { prompt, per }, ctx);
};
