import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'tiny');
beforeAll(() => writeTinyModels(folder));
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
async function detect(threshold: number) {
  const { detector } = await tinyHandles(folder, ctx);
  const images = await Promise.all(
    [
      [32, 32],
      [64, 32],
    ].map(([width = 0, height = 0], i) =>
      ctx.images.write({ width, height, channels: 3, data: new Uint8Array(width * height * 3) }, { key: `k${i}`, caption: 'c' }),
    ),
  );
  return { images, ...(await run({ model: detector, images, threshold, resize: 'auto', longestSide: 640 }, ctx)) };
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
});
