import type { Box, Faces, Image } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { faceArea, fillArea } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext, type FakeContext, type KeptCheckpoint } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './repaint-faces.ts';

const runtime = await createRuntime({ provider: 'cpu' });
/** Emptied before every run, as the engine does after one. */
const left: KeptCheckpoint = { checkpoint: null };
const ctx = createFakeContext({ openSession: runtime.open, kept: left });
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
  shape: 'box' as const,
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
  left.checkpoint = null;
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
  it.each(['ellipse', 'landmarks'] as const)('repaints no more than the %s when asked to', async (shape) => {
    const original = await picture('a', [32, 32]);
    const face = {
      box: [6, 4, 26, 30] as Box,
      confidence: 1,
      landmarks: [
        [11, 13],
        [21, 13],
        [16, 18],
        [12, 22.7],
        [20, 22.7],
      ] as [number, number][],
    };
    const [repainted] = await repaint([{ image: original, faces: [face] }], { shape, longestSide: 32 });
    const [before, after] = [await ctx.images.read(original), await ctx.images.read(repainted!)];
    const changed = new Set([...before.data].flatMap((byte, i) => (byte !== after.data[i] ? [Math.floor(i / 3)] : [])));
    const mask = { width: 32, height: 32, channels: 1 as const, data: new Uint8Array(1024) };
    fillArea(mask, faceArea(face, shape, [0, 0]));
    expect([...changed].filter((pixel) => mask.data[pixel] === 0)).toEqual([]);
    const marked = mask.data.filter((byte) => byte > 0).length;
    expect(changed.size).toBeGreaterThan(marked * 0.9);
    // corners of the box stay, so a box would have failed
    expect(marked).toBeLessThan(20 * 26 * 0.85);
  });
  it('writes down how each picture was made', async () => {
    const [withCaption, without] = await repaint([facesOf(await picture('a'), middle), facesOf(await picture('b', [16, 16], ''), middle)]);
    expect(withCaption!.made).toMatchObject({
      by: 'facewright/inpaint@2',
      models: { model: { name: expect.any(String) as string, weights: { unet: expect.stringMatching(/^sha256:/) as string } } },
      settings: {
        prompt: 'a face',
        strength: 0.6,
        steps: 5,
        guidance: 2,
        shape: 'box',
        seed: 1,
        outside: expect.any(String) as string,
        provider: 'cpu',
      },
    });
    expect(without!.made!.settings['prompt']).toBe('A face.');
    expect(without!.made!.settings['noise']).not.toBe(withCaption!.made!.settings['noise']);
    expect(Object.keys(withCaption!.made!.settings)).not.toContain('faces');
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

  describe('interrupted', () => {
    /** A context over the store of the others that counts what is painted, and may be told to end once so many pictures are. */
    function counting(
      kept: KeptCheckpoint,
      painted: string[],
      after: { count: number; then: 'cancel' | 'stop' | 'fail' } | null,
    ): FakeContext {
      const cancel = new AbortController();
      let told = false;
      const context = createFakeContext({ openSession: runtime.open, kept, signal: cancel.signal, onGate: () => (told ? 'stop' : 'go') });
      const write: typeof ctx.images.write = async (image, about) => {
        painted.push(about.key);
        if (painted.length === after?.count) {
          if (after.then === 'fail') throw new Error('no space left on device');
          if (after.then === 'cancel') cancel.abort();
          else told = true;
        }
        return ctx.images.write(image, about);
      };
      return { ...context, assets: ctx.assets, files: ctx.files, images: { ...ctx.images, write } };
    }
    const work = async () => {
      const images: Faces['images'] = [];
      for (const key of 'abcde') images.push(facesOf(await picture(key, [32, 16]), [2, 2, 12, 12], [18, 2, 28, 12]));
      return images;
    };
    const cropped = { area: 'crop' as const, longestSide: 16, batch: 2 };
    const runIn = async (context: FakeContext, images: Faces['images']) => {
      const { diffusion } = await tinyHandles(plain, context);
      const result = await run({ model: diffusion, faces: { images }, ...defaults, ...cropped }, context);
      await context.close();
      return result.images;
    };
    it('paints no group twice and ends with the pictures of an uninterrupted run', async () => {
      const images = await work();
      const whole = await repaint(images, cropped);
      const kept: KeptCheckpoint = { checkpoint: null };
      const painted: string[] = [];
      // in the second round, with a group behind it
      await expect(runIn(counting(kept, painted, { count: 8, then: 'cancel' }), images)).rejects.toMatchObject({ name: 'AbortError' });
      // the group at work is finished and kept
      expect(painted).toHaveLength(9);
      expect(await runIn(counting(kept, painted, null), images)).toEqual(whole);
      expect(painted.toSorted()).toEqual([...'aabbccddee']);
    });
    it('loses no more than the group at work when it breaks off', async () => {
      const images = await work();
      const whole = await repaint(images, cropped);
      const kept: KeptCheckpoint = { checkpoint: null };
      const painted: string[] = [];
      await expect(runIn(counting(kept, painted, { count: 8, then: 'fail' }), images)).rejects.toThrow('no space left');
      expect(await runIn(counting(kept, painted, null), images)).toEqual(whole);
      // c broke off in its second round, and d was in its group
      expect(painted.filter((key) => key !== 'd').toSorted()).toEqual([...'aabbcccee']);
      expect(painted.filter((key) => key === 'd').length).toBeLessThanOrEqual(3);
    });
    it('gives the pictures that are whole when told to stop, and says that there are more', async () => {
      const images = await work();
      const whole = await repaint(images, cropped);
      const kept: KeptCheckpoint = { checkpoint: null };
      const painted: string[] = [];
      // the first round is over, but no picture has both faces yet: the next group has
      const context = counting(kept, painted, { count: 5, then: 'stop' });
      expect(await runIn(context, images)).toEqual(whole.slice(0, 2));
      expect(context.said.unfinished).toEqual(['2 of 5 pictures']);
      expect(await runIn(counting(kept, painted, null), images)).toEqual(whole);
      expect(painted).toHaveLength(10);
    });
  });
});
