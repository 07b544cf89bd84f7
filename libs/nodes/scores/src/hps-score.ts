// HPS: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openScorer, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { hpsScore } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof hpsScore> = async ({ model, faces, images, prompt, per, version }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const scorer = await openScorer({ kind: 'hps', models: { clip: model }, settings: { version } }, ctx);
  return scorePictures(pictures, { ...scorer, metric: scorer.title(faces ? 'face' : 'picture') }, { prompt, per }, ctx);
};
