// Face quality: the work of the node.
import type { NodeRun } from '@facewright/core';
import { alignFace, openFaceQuality, scorePictures } from '@facewright/pipelines';
import type { faceQuality } from './definition.ts';

/** Throws what opening the model throws. */
export const run: NodeRun<typeof faceQuality> = async ({ model, faces, per }, ctx) => {
  const { score } = await openFaceQuality(model, ctx);
  return scorePictures(faces.images, { metric: `Face quality (${model.name})`, score, crop: alignFace }, { prompt: '', per }, ctx);
};
