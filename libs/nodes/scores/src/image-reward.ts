// ImageReward: the work of the node.
import type { NodeRun } from '@facewright/core';
import { imageRewardScale } from '@facewright/models';
import { openFaceScore, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { imageReward } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof imageReward> = async ({ model, faces, images, prompt, per }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const scorer = await openFaceScore(model, ctx);
  const { mean, deviation } = imageRewardScale;
  return scorePictures(
    pictures,
    {
      metric: `${faces ? 'LocalIR' : 'ImageReward'} (${model.name})`,
      score: async (crops, texts) => (await scorer.score(crops, texts)).map((reward) => (reward - mean) / deviation),
    },
    { prompt, per },
    ctx,
  );
};
