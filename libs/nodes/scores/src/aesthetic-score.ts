// Aesthetic score: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openScorer, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { aestheticScore } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, SCORES_FIT for a head of another CLIP, and what opening the models throws. */
export const run: NodeRun<typeof aestheticScore> = async ({ model, clip, faces, images, per }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const scorer = await openScorer({ kind: 'aesthetic', models: { head: model, clip }, settings: {} }, ctx);
  return scorePictures(pictures, { ...scorer, metric: scorer.title(faces ? 'face' : 'picture') }, { prompt: '', per }, ctx);
};
