// Metrics of an experiment against the parts that they are made of, on tiny networks.
import type { Image, Metric, Model } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { createRng, type ImageBuffer } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cropFace } from '../image/boxes.ts';
import { openDetector } from '../open-detector.ts';
import { openFaceScore } from '../open-face-score.ts';
import { openFeatures } from '../open-features.ts';
import { tinyHandles, writeTinyModels } from '../testing/tiny-models.ts';
import { openMetrics, type PictureMetric, type SetMetric } from './open-metrics.ts';

const runtime = await createRuntime({ provider: 'cpu' });
let runs = 0;
const ctx = createFakeContext({
  openSession: async (...all) => {
    const session = await runtime.open(...all);
    return {
      ...session,
      run: (...feeds) => {
        runs += 1;
        return session.run(...feeds);
      },
    };
  },
});
let handles: Awaited<ReturnType<typeof tinyHandles>>;
let pictures: readonly { readonly image: Image; readonly pixels: ImageBuffer }[];
beforeAll(async () => {
  const folder = join(ctx.folder(), 'tiny');
  await writeTinyModels(folder);
  handles = await tinyHandles(folder, ctx);
  pictures = await Promise.all(
    [1, 2, 3].map(async (seed) => {
      const rng = createRng(seed);
      const pixels: ImageBuffer = {
        width: 16,
        height: 16,
        channels: 3,
        data: Uint8Array.from({ length: 768 }, () => 40 * seed + rng.integer(90)),
      };
      return { image: await ctx.images.write(pixels, { key: `k${seed}`, caption: 'a man' }), pixels };
    }),
  );
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const metric = (kind: string, name: string, models: Record<string, Model>, settings: Metric['settings'] = {}): Metric => ({
  kind,
  name,
  models,
  settings,
});
const valuesOf = async (opened: PictureMetric) => (await opened.measure(pictures)).map(({ value }) => value);

describe('openMetrics', () => {
  it('scores the faces of a picture and gives a picture their mean, or scores the picture as a whole for its caption or a prompt', async () => {
    const [faces, whole, said] = (await openMetrics(
      [
        metric('face-score', 'F', { scorer: handles.faceScore, detector: handles.detector }, { prompt: 'a face .', threshold: 0.3 }),
        metric('face-score', 'W', { scorer: handles.faceScore }),
        metric('face-score', 'P', { scorer: handles.faceScore }, { prompt: 'a face .' }),
      ],
      ctx,
    )) as [PictureMetric, PictureMetric, PictureMetric];
    const [scorer, detector] = [await openFaceScore(handles.faceScore, ctx), await openDetector(handles.detector, ctx)];
    const [mean, found] = [
      await valuesOf(faces),
      await Promise.all(pictures.map(({ pixels }) => detector.detect(pixels, { threshold: 0.3 }))),
    ];
    expect(found.some((all) => all.length > 0)).toBe(true);
    for (const [i, all] of found.entries()) {
      const crops = all.flatMap(({ box }) => cropFace(pictures[i]!.pixels, box) ?? []);
      if (crops.length === 0) expect(mean[i]).toBeNull();
      else {
        const scores = await scorer.score(crops, 'a face .');
        expect(mean[i]).toBeCloseTo(scores.reduce((a, b) => a + b, 0) / scores.length, 5);
      }
    }
    const direct = (prompt: string) =>
      scorer.score(
        pictures.map(({ pixels }) => pixels),
        prompt,
      );
    expect(await valuesOf(whole)).toEqual(await direct('a man'));
    expect(await valuesOf(said)).toEqual(await direct('a face .'));
  });
  it('finds faces once for all metrics of a detector, and features once for all of a network', async () => {
    const both = await openMetrics(
      [
        metric('faces-found', 'A', { detector: handles.detector }),
        metric('faces-found', 'B', { detector: handles.detector }),
        metric('frechet-distance', 'C', { features: handles.features }),
        metric('kernel-distance', 'D', { features: handles.features }),
      ],
      ctx,
    );
    const [a, b, c, d] = both as [PictureMetric, PictureMetric, SetMetric, SetMetric];
    const counted = async (work: () => Promise<unknown>) => {
      const before = runs;
      await work();
      return runs - before;
    };
    expect(await counted(() => a.measure(pictures))).toBe(3);
    expect(await counted(() => b.measure(pictures))).toBe(0);
    const pixels = pictures.map((picture) => picture.pixels);
    expect(await counted(() => c.features(pixels))).toBeGreaterThan(0);
    expect(await counted(() => d.features(pixels))).toBe(0);
    expect(c.network).toBe(d.network);
    expect(await d.features(pixels)).toEqual(await (await openFeatures(handles.features, ctx)).features(pixels));
  });
  it('says of a picture without a face why it has no value, and which way each metric is good', async () => {
    const opened = await openMetrics(
      [
        metric('face-score', 'F', { scorer: handles.faceScore, detector: handles.detector }, { threshold: 1 }),
        metric('faces-found', 'N', { detector: handles.detector }, { threshold: 1 }),
        metric('sharpness', 'S', {}),
        metric('diversity', 'D', { features: handles.features }),
        metric('frechet-distance', 'FID', { features: handles.features }),
      ],
      ctx,
    );
    expect(await (opened[0] as PictureMetric).measure(pictures)).toEqual(pictures.map(() => ({ value: null, note: 'no face found' })));
    expect(await valuesOf(opened[1] as PictureMetric)).toEqual([0, 0, 0]);
    expect(opened.map(({ better }) => better)).toEqual(['higher', 'higher', 'real', 'real', 'lower']);
  });
  it('refuses an unknown kind, a missing model, and a name that comes twice', async () => {
    await expect(openMetrics([metric('beauty', 'B', {})], ctx)).rejects.toMatchObject({ code: 'SCORES_KIND' });
    await expect(openMetrics([metric('hps', 'H', { clip: handles.features })], ctx)).rejects.toMatchObject({
      code: 'SCORES_FIT',
      message: expect.stringContaining('expected one of family clip, got features') as string,
    });
    await expect(openMetrics([metric('sharpness', 'S', {}), metric('contrast', 'S', {})], ctx)).rejects.toMatchObject({
      code: 'SCORES_NAMES',
    });
  });
});
