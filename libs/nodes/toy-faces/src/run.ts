// Toy faces: the work of the node.
import type { Image, NodeContext, NodeRun, Prompts } from '@facewright/core';
import type { Rng } from '@facewright/tensor';
import { captionOf } from './caption-of.ts';
import { deformScene } from './deform-scene.ts';
import type { definition } from './definition.ts';
import { drawScene } from './draw-scene.ts';
import { PICTURE_SIZE, sampleScene } from './face-scene.ts';

export const run: NodeRun<typeof definition> = async ({ count, promptCount, deformed, seed }, ctx) => {
  const source = ctx.rng(seed);
  // a generator for each purpose, so that asking for more of one leaves the others as they are
  const [scenes, prompts, defects] = [0, 1, 2].map(() => ctx.rng(source.integer(2 ** 32))) as [Rng, Rng, Rng];
  const images = await drawScenes({ count, deformed, seed }, scenes, defects, ctx);
  return { images, prompts: captionsBeside(images, promptCount, prompts) };
};

async function drawScenes(
  { count, deformed, seed }: { readonly count: number; readonly deformed: number; readonly seed: number },
  scenes: Rng,
  defects: Rng,
  ctx: NodeContext,
): Promise<Image[]> {
  const images: Image[] = [];
  const every = Math.max(1, Math.ceil(count / 8));
  for (let index = 0; index < count; index++) {
    ctx.signal.throwIfAborted();
    const sound = sampleScene(scenes);
    // spread evenly: after any number of pictures, the wanted share of them is deformed, give or take one
    const scene = Math.floor((index + 1) * deformed) > Math.floor(index * deformed) ? deformScene(sound, defects) : sound;
    const picture = { width: PICTURE_SIZE, height: PICTURE_SIZE, channels: 3 as const, data: drawScene(scene) };
    images.push(await ctx.images.write(picture, { key: `toy-${seed}-${index}`, caption: captionOf(scene) }));
    ctx.progress(index + 1, count, index % every === 0 ? picture : undefined);
  }
  return images;
}

/** Captions of scenes drawn by lot; one that a picture already bears is drawn again. */
function captionsBeside(images: readonly Image[], count: number, rng: Rng): Prompts {
  const taken = new Set(images.map(({ caption }) => caption));
  const prompts: { key: string; text: string }[] = [];
  while (prompts.length < count) {
    const text = captionOf(sampleScene(rng));
    if (taken.has(text)) continue;
    prompts.push({ key: `scene-${prompts.length}`, text });
  }
  return { prompts };
}
