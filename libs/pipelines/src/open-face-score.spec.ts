import type { Model } from '@facewright/core';
import { blipPixels } from '@facewright/models';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import type { ImageBuffer } from '@facewright/tensor';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openFaceScore } from './open-face-score.ts';
import { openFeatures } from './open-features.ts';
import { tinyHandles, writeTinyModels } from './testing/tiny-models.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'tiny');
let handles: Awaited<ReturnType<typeof tinyHandles>>;
beforeAll(async () => {
  await writeTinyModels(folder);
  handles = await tinyHandles(folder, ctx);
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const crop = (seed: number, width = 20, height = 30): ImageBuffer => ({
  width,
  height,
  channels: 3,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * seed) % 256),
});

describe('a face score model', () => {
  it('reads the middle square of a crop, normalised as CLIP was trained', async () => {
    const { pixels } = await openFaceScore(handles.faceScore, ctx);
    const { dims, data } = pixels([
      { width: 40, height: 60, channels: 3, data: Uint8Array.from({ length: 7200 }, (_, i) => [255, 0, 51][i % 3]!) },
    ]);
    expect(dims).toEqual([1, 3, 16, 16]);
    [1, 0, 0.2].forEach((value, channel) =>
      expect(data[channel * 256 + 77]).toBeCloseTo((value - blipPixels.mean[channel]!) / blipPixels.deviation[channel]!, 6),
    );
  });
  it('gives each crop the score it would have alone, in the order of the crops', async () => {
    const model = await openFaceScore(handles.faceScore, ctx);
    const crops = Array.from({ length: 21 }, (_, i) => crop(i + 3));
    const scores = await model.score(crops, 'a face .');
    expect(scores).toHaveLength(21);
    expect(new Set(scores).size).toBe(21);
    for (const i of [0, 11, 20]) expect(Math.abs((await model.score([crops[i]!], 'a face .'))[0]! - scores[i]!)).toBeLessThan(1e-5);
    expect(await model.score([], 'a face .')).toEqual([]);
  });
  it('names the vocabulary that a handle lacks', async () => {
    const component = { ...handles.faceScore.components['face_score']!, files: {} };
    await expect(openFaceScore({ ...handles.faceScore, components: { face_score: component } }, ctx)).rejects.toMatchObject({
      code: 'PIPELINES_FILE',
      message: expect.stringContaining('face_score/vocab.txt') as string,
    });
  });
});

describe('a feature network', () => {
  it('gives a vector for each picture of any size, also where the file takes two at a time', async () => {
    const network = await openFeatures(handles.features, ctx);
    expect(network.length).toBe(4);
    const grey = (value: number): ImageBuffer => ({ width: 33, height: 20, channels: 3, data: new Uint8Array(33 * 20 * 3).fill(value) });
    const [dark, middle, light] = (await network.features([grey(0), grey(127.5), grey(255)])) as [Float32Array, Float32Array, Float32Array];
    dark.forEach((value, i) => expect(light[i]).toBeCloseTo(-value, 5));
    middle.forEach((value) => expect(Math.abs(value)).toBeLessThan(0.05));
  });
  it('is refused when the file is a detector', async () => {
    const detector: Model<'features'> = { ...handles.features, components: { features: handles.detector.components['detector']! } };
    await expect(openFeatures(detector, ctx)).rejects.toMatchObject({
      code: 'PIPELINES_NETWORK',
      message: expect.stringContaining('cls_8') as string,
    });
  });
});
