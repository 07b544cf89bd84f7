import type { Box, Faces, Image } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { latentMask, repaintBoxes, workSize } from './repaint-area.ts';
import { run } from './run.ts';

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
  start: 600,
  steps: 5,
  guidance: 2,
  prompt: 'A face.',
  negativePrompt: '',
  scheduler: 'ddim' as const,
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
  it('repaints the same way again, and otherwise from another seed, start, caption or scheduler', async () => {
    const faces = [facesOf(await picture('a'), middle)];
    const ids = async (inputs?: Partial<Parameters<typeof run>[0]>, images = faces) =>
      (await repaint(images, inputs)).map((image) => image.asset.id);
    const first = await ids();
    expect(await ids()).toEqual(first);
    for (const change of [{ seed: 2 }, { start: 1000 }, { scheduler: 'euler' as const }, { guidance: 1 }])
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

describe('the area to repaint', () => {
  it('grows boxes by a share of their size and cuts them at the edge', () => {
    expect(
      repaintBoxes(
        [
          [4, 4, 12, 20],
          [-5, 0, -1, 3],
        ],
        0.25,
        { width: 13, height: 40 },
      ),
    ).toEqual([[2, 0, 13, 24]]);
  });
  it('covers every latent cell that a box touches', () => {
    const mask = latentMask([[3, 4, 5, 8]], { width: 16, height: 16 }, { width: 16, height: 16 }, 4);
    expect([...mask]).toEqual([0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    const halved = latentMask([[6, 8, 10, 16]], { width: 32, height: 32 }, { width: 16, height: 16 }, 4);
    expect([...halved]).toEqual([...mask]);
  });
  it('works at a size that the model takes, never larger than asked', () => {
    expect(workSize({ width: 2048, height: 1024 }, 768, 64)).toEqual({ width: 768, height: 384 });
    expect(workSize({ width: 64, height: 64 }, 768, 16)).toEqual({ width: 64, height: 64 });
    expect(workSize({ width: 10, height: 100 }, 768, 16)).toEqual({ width: 16, height: 96 });
  });
});
