import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext, type FakeContext, type KeptCheckpoint } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const kept: KeptCheckpoint = { checkpoint: null };
const ctx = createFakeContext({ openSession: runtime.open, kept });
const folder = join(ctx.folder(), 'tiny');
beforeAll(() => writeTinyModels(folder));
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const defaults = { resize: 'auto' as const, longestSide: 640, smallestFace: 0 };
async function pictures() {
  return Promise.all(
    [
      [32, 32],
      [64, 32],
    ].map(([width = 0, height = 0], i) =>
      ctx.images.write({ width, height, channels: 3, data: new Uint8Array(width * height * 3) }, { key: `k${i}`, caption: 'c' }),
    ),
  );
}
async function detect(threshold: number, more: Partial<typeof defaults> = {}) {
  kept.checkpoint = null;
  const { detector } = await tinyHandles(folder, ctx);
  const images = await pictures();
  return { images, ...(await run({ model: detector, images, threshold, ...defaults, ...more }, ctx)) };
}

describe('face detection', () => {
  it('gives every picture its faces, in pixels of the picture, and an overlay under the same key', async () => {
    // the detector of one size sees a face of 16 x 16 about (16, 16) in 32 x 32 pixels; a picture twice as wide is halved for it
    const { faces, overlays, images } = await detect(0.6);
    expect(faces.images.map(({ image, faces: found }) => [image.key, found.map(({ box }) => box)])).toEqual([
      ['k0', [[8, 8, 24, 24]]],
      ['k1', [[16, 16, 48, 48]]],
    ]);
    expect(faces.images[0]!.faces[0]!.confidence).toBeCloseTo(0.9, 6);
    expect(overlays.map(({ key, caption }) => [key, caption])).toEqual([
      ['k0', 'c'],
      ['k1', 'c'],
    ]);
    expect(overlays[0]!.asset.id).not.toBe(images[0]!.asset.id);
    const { data } = await ctx.images.read(overlays[0]!);
    expect([...data.subarray((8 * 32 + 12) * 3, (8 * 32 + 12) * 3 + 3)]).toEqual([40, 220, 90]);
  });
  it('keeps pictures without a face, with an empty list, and says which', async () => {
    const { faces } = await detect(0.95);
    expect(faces.images.map(({ faces: found }) => found)).toEqual([[], []]);
    expect(ctx.said.logs.at(-1)).toMatchObject({ level: 'warn', message: expect.stringContaining('k0, k1') as string });
  });
  it('leaves out faces that are too small', async () => {
    const { faces } = await detect(0.6, { smallestFace: 17 });
    expect(faces.images.map(({ faces: found }) => found.length)).toEqual([0, 1]);
  });
  it('writes down which detector looked, and how', async () => {
    const { faces } = await detect(0.6);
    expect(faces.made).toMatchObject({
      by: 'facewright/face-detect@1',
      models: { model: { weights: { detector: expect.stringMatching(/^sha256:/) as string } } },
      settings: { threshold: 0.6, resize: 'auto', network: expect.any(String) as string },
    });
  });
  it('goes on after an interruption without looking at a picture twice', async () => {
    const { faces: whole, overlays, images } = await detect(0.6);
    const { detector } = await tinyHandles(folder, ctx);
    const left: KeptCheckpoint = { checkpoint: null };
    const read: string[] = [];
    const context = (cancel?: AbortController): FakeContext => {
      const fresh = createFakeContext({ openSession: runtime.open, kept: left, ...(cancel && { signal: cancel.signal }) });
      const images: FakeContext['images'] = {
        ...ctx.images,
        read: async (image) => {
          read.push('key' in image ? image.key : '');
          cancel?.abort();
          return ctx.images.read(image);
        },
      };
      return { ...fresh, assets: ctx.assets, images };
    };
    const inputs = { model: detector, images, threshold: 0.6, ...defaults };
    const first = context(new AbortController());
    await expect(run(inputs, first)).rejects.toMatchObject({ name: 'AbortError' });
    const second = context();
    expect(await run(inputs, second)).toEqual({ faces: whole, overlays });
    expect(read).toEqual(['k0', 'k1']);
    await Promise.all([first.close(), second.close()]);
  });
});
