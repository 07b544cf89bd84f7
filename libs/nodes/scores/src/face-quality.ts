// Face quality: the work of the node.
import type { NodeRun } from '@facewright/core';
import { openScorer, scorePictures } from '@facewright/pipelines';
import type { faceQuality } from './definition.ts';

/** Throws what opening the model throws. */
export const run: NodeRun<typeof faceQuality> = async ({ model, faces, per }, ctx) => {
  const scorer = await openScorer({ kind: 'face-quality', models: { network: model }, settings: {} }, ctx);
  return scorePictures(faces.images, { ...scorer, metric: scorer.title('face') }, { prompt: '', per }, ctx);
};
