// ImageReward: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openScorer, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { imageReward } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof imageReward> = async ({ model, faces, images, prompt, per }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const scorer = await openScorer({ kind: 'image-reward', models: { scorer: model }, settings: {} }, ctx);
  return scorePictures(pictures, { ...scorer, metric: scorer.title(faces ? 'face' : 'picture') }, { prompt, per }, ctx);
};
