import type { Box, Faces, Image } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './repaint-faces.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const [plain, nine] = ['plain', 'nine'].map((name) => join(ctx.folder(), name)) as [string, string];
beforeAll(async () => {
  await writeTinyModels(plain);
  await writeTinyModels(nine, { inChannels: 9 });
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const picture = (key: string, [width, height]: readonly [number, number] = [16, 16], caption = 'a face'): Promise<Image> =>
  ctx.images.write(
    { width, height, channels: 3, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 13 + key.charCodeAt(0) * 7) % 256) },
    { key, caption },
  );
const facesOf = (image: Image, ...boxes: Box[]): Faces['images'][number] => ({
  image,
  faces: boxes.map((box) => ({ box, confidence: 1, landmarks: [] })),
});
const defaults = {
  without: 'leave out' as const,
  strength: 0.6,
  steps: 5,
  guidance: 2,
  guidanceRescale: 0,
  prompt: 'A face.',
  negativePrompt: '',
  scheduler: 'ddim' as const,
  sigmas: 'default' as const,
  clipSkip: 1,
  area: 'picture' as const,
  padding: 0.5,
  feather: 0,
  previewSteps: 1,
  margin: 0,
  longestSide: 768,
  batch: 4,
  seed: 1,
};
async function repaint(images: Faces['images'], inputs: Partial<Parameters<typeof run>[0]> = {}, folder = plain) {
  const { diffusion } = await tinyHandles(folder, ctx);
  return (await run({ model: diffusion, faces: { images }, ...defaults, ...inputs }, ctx)).images;
}
const middle: Box = [4, 4, 12, 12];

describe('inpainting', () => {
  it.each([
    ['a U-Net that does not see the mask', plain],
    ['an inpainting U-Net', nine],
  ])('changes pixels inside the boxes and none outside, with %s', async (_, folder) => {
    const original = await picture('a');
    const [repainted] = await repaint([facesOf(original, middle)], {}, folder);
    expect(repainted).toMatchObject({ key: 'a', caption: 'a face', width: 16, height: 16 });
    const [before, after] = [await ctx.images.read(original), await ctx.images.read(repainted!)];
    const changed = [...before.data].flatMap((byte, i) => (byte !== after.data[i] ? [Math.floor(i / 3)] : []));
    const inside = (pixel: number) => pixel % 16 >= 4 && pixel % 16 < 12 && Math.floor(pixel / 16) >= 4 && Math.floor(pixel / 16) < 12;
    expect([...new Set(changed)].every(inside)).toBe(true);
    expect(new Set(changed).size).toBeGreaterThan(50);
  });
  it('repaints the same way again, and otherwise from another seed, strength, caption or scheduler', async () => {
    const faces = [facesOf(await picture('a'), middle)];
    const ids = async (inputs?: Partial<Parameters<typeof run>[0]>, images = faces) =>
      (await repaint(images, inputs)).map((image) => image.asset.id);
    const first = await ids();
    expect(await ids()).toEqual(first);
    for (const change of [{ seed: 2 }, { strength: 1 }, { scheduler: 'euler' as const }, { guidance: 1 }])
      expect(await ids(change), JSON.stringify(change)).not.toEqual(first);
    expect(await ids({}, [facesOf(await picture('a', [16, 16], 'a man'), middle)])).not.toEqual(first);
    expect(await ids({}, [facesOf(await picture('a', [16, 16], ''), middle)])).not.toEqual(
      await ids({ prompt: 'red hair' }, [facesOf(await picture('a', [16, 16], ''), middle)]),
    );
  });
  it('keeps the order of the pictures whatever their sizes, and leaves out those without a face', async () => {
    const images = await repaint([
      facesOf(await picture('a'), middle),
      facesOf(await picture('b', [24, 16]), middle),
      facesOf(await picture('c')),
      facesOf(await picture('d'), middle),
    ]);
    expect(images.map(({ key, width }) => [key, width])).toEqual([
      ['a', 16],
      ['b', 24],
      ['d', 16],
    ]);
    expect(ctx.said.logs.at(-1)!.message).toContain('1 of 4 pictures');
  });
  it('puts faces back at full size into pictures of sizes that no model takes', async () => {
    const original = await picture('a', [37, 21]);
    const [repainted] = await repaint([facesOf(original, [10, 5, 20, 15])], { longestSide: 32 });
    expect(repainted).toMatchObject({ width: 37, height: 21 });
    const [before, after] = [await ctx.images.read(original), await ctx.images.read(repainted!)];
    expect(after.data.subarray(0, 37 * 5 * 3)).toEqual(before.data.subarray(0, 37 * 5 * 3));
    expect(after.data).not.toEqual(before.data);
  });
  it('passes on pictures without a face when asked to', async () => {
    const [one, two] = [await picture('a'), await picture('b')];
    const images = await repaint([facesOf(one), facesOf(two, middle)], { without: 'pass on' });
    expect(images.map(({ key }) => key)).toEqual(['a', 'b']);
    expect(images[0]!.asset).toEqual(one.asset);
    expect(images[1]!.asset).not.toEqual(two.asset);
  });
  it('repaints each face in a crop at its full size, and nothing beyond its soft edge', async () => {
    const original = await picture('a', [64, 48]);
    const [repainted] = await repaint([facesOf(original, [8, 8, 18, 18], [40, 20, 52, 34])], {
      area: 'crop',
      longestSide: 16,
      feather: 0.2,
    });
    const [before, after] = [await ctx.images.read(original), await ctx.images.read(repainted!)];
    const changed = new Set([...before.data].flatMap((byte, i) => (byte !== after.data[i] ? [Math.floor(i / 3)] : [])));
    const near = (pixel: number, [x1, y1, x2, y2]: Box, reach: number) =>
      pixel % 64 >= x1 - reach && pixel % 64 < x2 + reach && Math.floor(pixel / 64) >= y1 - reach && Math.floor(pixel / 64) < y2 + reach;
    expect([...changed].every((pixel) => near(pixel, [8, 8, 18, 18], 4) || near(pixel, [40, 20, 52, 34], 5))).toBe(true);
    for (const box of [
      [8, 8, 18, 18],
      [40, 20, 52, 34],
    ] as Box[])
      expect([...changed].filter((pixel) => near(pixel, box, 0)).length).toBeGreaterThan(50);
  });
  it('says that no picture has a face', async () => {
    await expect(repaint([facesOf(await picture('a')), facesOf(await picture('b'), [90, 90, 99, 99])])).rejects.toMatchObject({
      code: 'INPAINT_NO_FACES',
      message: expect.stringContaining('2 picture(s)') as string,
    });
  });
  it('stops when the run is cancelled', async () => {
    const cancelled = createFakeContext({ openSession: runtime.open, signal: AbortSignal.abort() });
    const { diffusion } = await tinyHandles(plain, cancelled);
    await expect(
      run({ model: diffusion, faces: { images: [facesOf(await picture('a'), middle)] }, ...defaults }, cancelled),
    ).rejects.toMatchObject({ name: 'AbortError' });
  });
});
