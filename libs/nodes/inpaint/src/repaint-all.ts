// Repaints any number of marked areas of pictures: what both nodes of the family do.
import type { Box, Image, NodeContext } from '@facewright/core';
import {
  groupsOf,
  keyedSeed,
  openLedger,
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

interface Painted {
  readonly image: Image;
  /** So many areas are painted. */
  readonly areas: number;
}

/**
 * The pictures, in their order. Every group of them that is finished is kept in the checkpoint. Told to stop, it gives null for those that are not finished, and at least
 * one that is. Throws MODELS_INPUT, ENGINE_BAD_IMAGE.
 */
export async function repaintAll(
  pictures: readonly RepaintPicture[],
  model: DiffusionModel,
  settings: RepaintSettings,
  ctx: NodeContext,
): Promise<(Image | null)[]> {
  const { longestSide, area, seed, batch } = settings;
  const ledger = await openLedger<Painted>(ctx, 0);
  const stateOf = (index: number): Painted => ledger.finished.get(String(index)) ?? { image: pictures[index]!.image, areas: 0 };
  const isFinished = (index: number) => stateOf(index).areas === pictures[index]!.areas.length;
  const before = pictures.reduce((sum, _, i) => sum + stateOf(i).areas, 0);
  if (before > 0) ctx.log('info', `goes on from ${ledger.finished.size} pictures that were painted before the run was interrupted`);
  const total = pictures.reduce((sum, { areas }) => sum + areas.length, 0);
  const watch = watchDrawing(model, total, settings.previewSteps, ctx, before);
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
      // finished as a whole or not at all, since the bytes of a picture may depend on those that are painted beside it
      if (group.every(({ index }) => stateOf(index).areas > round)) continue;
      ctx.signal.throwIfAborted();
      const painted = await repaintGroup({
        model,
        settings,
        strength: settings.strength,
        jobs: await Promise.all(
          group.map(async ({ index, noise, mask, ...job }) => ({
            ...job,
            image: await ctx.images.read(stateOf(index).image),
            mask: await mask(),
            rng: ctx.rng(noise),
          })),
        ),
        onStep: watch.onStep(group.length),
      });
      const images: Image[] = [];
      for (const [i, { index }] of group.entries()) {
        const { key, caption } = pictures[index]!.image;
        images.push(await ctx.images.write(painted[i]!, { key, caption }));
      }
      group.forEach(({ index }, i) => ledger.add(String(index), { image: images[i]!, areas: round + 1 }));
      watch.finished(painted);
      if ((await ledger.pass()) === 'stop') {
        const finished = pictures.map((_, index) => (isFinished(index) ? stateOf(index).image : null));
        const count = finished.filter((image) => image !== null).length;
        if (count === 0 || count === pictures.length) continue;
        ctx.unfinished(`${count} of ${pictures.length} pictures`);
        return finished;
      }
    }
  }
  return pictures.map((_, index) => stateOf(index).image);
}
