// Repaints any number of marked areas of pictures: what both nodes of the family do.
import type { Box, Image, NodeContext } from '@facewright/core';
import {
  groupsOf,
  keyedSeed,
  repaintGroup,
  watchDrawing,
  workSize,
  type DiffusionModel,
  type SamplingSettings,
} from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';

export interface Area {
  /** Of the size of the picture, one channel; made when it is needed, since thousands of masks fill memory. */
  mask(): Promise<ImageBuffer>;
  /** What the model sees, whole pixels. */
  readonly region: Box;
}

export interface RepaintPicture {
  readonly image: Image;
  readonly text: string;
  /** Painted one after the other, each over what the one before gave. */
  readonly areas: readonly Area[];
}

export interface RepaintSettings extends SamplingSettings {
  readonly strength: number;
  readonly area: 'picture' | 'crop';
  readonly longestSide: number;
  readonly batch: number;
  readonly seed: number;
  readonly previewSteps: number;
}

/** The pictures, in their order. Throws MODELS_INPUT, ENGINE_BAD_IMAGE. */
export async function repaintAll(
  pictures: readonly RepaintPicture[],
  model: DiffusionModel,
  settings: RepaintSettings,
  ctx: NodeContext,
): Promise<Image[]> {
  const { longestSide, area, seed, batch } = settings;
  const results: Image[] = pictures.map(({ image }) => image);
  const watch = watchDrawing(
    model,
    pictures.reduce((sum, { areas }) => sum + areas.length, 0),
    settings.previewSteps,
    ctx,
  );
  const rounds = Math.max(0, ...pictures.map(({ areas }) => areas.length));
  for (let round = 0; round < rounds; round++) {
    const jobs = pictures.flatMap(({ image, text, areas }, index) => {
      const found = areas[round];
      if (!found) return [];
      const [x1, y1, x2, y2] = found.region;
      const work = workSize({ width: x2 - x1, height: y2 - y1 }, longestSide || model.size, model.stride, area === 'crop');
      // The first area of a picture has the noise of the picture, so that one face is painted alike whether others follow or not.
      const noise = keyedSeed(seed, round === 0 ? image.key : `${image.key} ${round + 1}`);
      return [{ index, text, work, noise, ...found }];
    });
    for (const group of groupsOf(jobs, batch, ({ work }) => `${work.width}x${work.height}`)) {
      ctx.signal.throwIfAborted();
      const painted = await repaintGroup({
        model,
        settings,
        strength: settings.strength,
        jobs: await Promise.all(
          group.map(async ({ index, noise, mask, ...job }) => ({
            ...job,
            image: await ctx.images.read(results[index]!),
            mask: await mask(),
            rng: ctx.rng(noise),
          })),
        ),
        onStep: watch.onStep(group.length),
      });
      for (const [i, { index }] of group.entries()) {
        const { key, caption } = pictures[index]!.image;
        results[index] = await ctx.images.write(painted[i]!, { key, caption });
      }
      watch.finished(painted);
    }
  }
  return results;
}
