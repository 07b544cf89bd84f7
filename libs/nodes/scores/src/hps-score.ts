// HPS: the work of the node.
import type { NodeRun } from '@facewright/core';
import { clipPixels, cosine, hpsPixels, openClip, picturesToScore, scorePictures } from '@facewright/pipelines';
import type { hpsScore } from './definition.ts';

/** Width of ViT-H's picture half, which HPS v2 and v2.1 are trained on and v1 is not. */
const widthOfV2 = 1280;

/** The cosine, which HPS reports; its tables show it times 100. Throws SCORES_NOTHING, SCORES_BOTH, and what opening the model throws. */
export const run: NodeRun<typeof hpsScore> = async ({ model, faces, images, prompt, per, version }, ctx) => {
  const pictures = picturesToScore(faces, images);
  const clip = await openClip(model, ctx);
  const second = version === 'v2' || (version === 'auto' && clip.config.vision.width === widthOfV2);
  return scorePictures(
    pictures,
    {
      metric: `${faces ? 'LocalHPS' : 'HPS'} ${second ? 'v2' : 'v1'} (${model.name})`,
      async score(crops, texts) {
        const said = await clip.texts(texts);
        return (await clip.pictures(crops, second ? hpsPixels : clipPixels)).map((seen, i) => cosine(seen, said[i]!));
      },
    },
    { prompt, per },
    ctx,
  );
};
