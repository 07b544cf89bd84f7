import type { Image, Model } from '@facewright/core';
import { openFeatures } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createRng } from '@facewright/tensor';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './set-distance.ts';
import { fitGaussian, frechetDistance } from './sets/frechet-distance.ts';
import { kernelDistance } from './sets/kernel-distance.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
let features: Model<'features'>;
const draw = (offset: number, brightness: number, count: number): Promise<Image[]> =>
  Promise.all(
    Array.from({ length: count }, (_, i) => {
      const rng = createRng(offset + i);
      const data = Uint8Array.from({ length: 768 }, () => brightness + rng.integer(60));
      return ctx.images.write({ width: 16, height: 16, channels: 3, data }, { key: `k${i}`, caption: '' });
    }),
  );
beforeAll(async () => {
  const folder = join(ctx.folder(), 'tiny');
  await writeTinyModels(folder);
  features = (await tinyHandles(folder, ctx)).features;
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const settings = { subsets: 20, subsetSize: 10, resamples: 100, seed: 1 };
const rowsOf = async (images: readonly Image[]) =>
  (await openFeatures(features, ctx)).features(await Promise.all(images.map((image) => ctx.images.read(image))));

describe('Set distance', () => {
  it('gives both distances of the network’s features, with intervals, for sets of different sizes', async () => {
    const [images, real] = [await draw(0, 60, 30), await draw(900, 120, 45)];
    const { frechet, kernel, summary } = await run({ ...settings, images, real, features }, ctx);
    const [a, b] = [await rowsOf(images), await rowsOf(real)];
    expect(frechet).toBeCloseTo(frechetDistance(fitGaussian(a), fitGaussian(b)), 9);
    expect(kernel).toBeCloseTo(kernelDistance(a, b), 9);
    const [, low, high] = /kernel distance [^ ]+ \[(.+?), (.+?)\]/.exec(summary)!;
    expect(Number(low)).toBeLessThan(kernel);
    expect(Number(high)).toBeGreaterThan(kernel);
    expect(summary).toMatch(
      /^Fréchet distance .* \[.*\]; kernel.*over 20 subsets of 10 pictures .* ± .*; 30 against 45 pictures, 4 features of/,
    );
    expect(ctx.said.logs).toEqual([]);
    expect(ctx.said.progress.at(-1)).toMatchObject({ done: 75, total: 75 });
  });
  it('is zero between a set and itself', async () => {
    const images = await draw(0, 60, 20);
    const { frechet } = await run({ ...settings, images, real: images, features }, ctx);
    expect(frechet).toBeCloseTo(0, 8);
  });
  it('warns of fewer pictures than features, and needs two', async () => {
    const images = await draw(0, 60, 4);
    const { summary } = await run({ ...settings, images, real: images, features }, ctx);
    expect(summary).toContain('4 pictures for 4 features');
    expect(ctx.said.logs.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('4 pictures for 4 features') as string });
    await expect(run({ ...settings, images: images.slice(0, 1), real: images, features }, ctx)).rejects.toThrow(
      'images: expected at least 2 pictures, got 1',
    );
  });
});
