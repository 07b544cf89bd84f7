// CLIP score: the work of the node.
import type { NodeRun } from '@facewright/core';
import { clipPixels, cosine, openClip, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { clipScore } from './definition.ts';

/** Throws SCORES_NOTHING, SCORES_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof clipScore> = async ({ model, faces, images, prompt, per }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const clip = await openClip(model, ctx);
  return scorePictures(
    pictures,
    {
      metric: `${faces ? 'Local CLIP score' : 'CLIP score'} (${model.name})`,
      async score(crops, texts) {
        const said = await clip.texts(texts);
        return (await clip.pictures(crops, clipPixels)).map((seen, i) => cosine(seen, said[i]!));
      },
    },
    { prompt, per },
    ctx,
  );
};
