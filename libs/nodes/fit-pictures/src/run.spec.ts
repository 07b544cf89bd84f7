import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext } from '@facewright/testing';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';

const ctx = createFakeContext();
/** Every row has its number as grey, so that a cut tells where it is from. */
const picture = (key: string, width: number, height: number) =>
  ctx.images.write(
    { width, height, channels: 3, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => Math.floor(i / (3 * width))) },
    { key, caption: `caption ${key}` },
  );
const defaults = { model: undefined, side: 16, keep: 'middle' as const, smallest: 0 };

describe('fitting pictures', () => {
  it('makes squares of one size out of any, with keys and captions', async () => {
    const images = await Promise.all([picture('wide', 40, 20), picture('tall', 20, 41), picture('small', 8, 8)]);
    const fitted = (await run({ ...defaults, images }, ctx)).images;
    expect(fitted.map(({ key, caption, width, height }) => [key, caption, width, height])).toEqual(
      ['wide', 'tall', 'small'].map((key) => [key, `caption ${key}`, 16, 16]),
    );
  });
  it('keeps the middle or the top of what is too high', async () => {
    const images = [await picture('tall', 16, 48)];
    const firstRow = async (keep: 'middle' | 'top') =>
      (await ctx.images.read((await run({ ...defaults, images, keep }, ctx)).images[0]!)).data[0];
    expect([await firstRow('middle'), await firstRow('top')]).toEqual([16, 0]);
  });
  it('leaves a picture of that size as it is', async () => {
    const image = await picture('a', 16, 16);
    expect((await run({ ...defaults, images: [image] }, ctx)).images).toEqual([image]);
  });
  it('takes the size of the model', async () => {
    const folder = join(ctx.folder(), 'tiny');
    await writeTinyModels(folder);
    const { diffusion } = await tinyHandles(folder, ctx);
    const [fitted] = (await run({ ...defaults, images: [await picture('a', 30, 40)], side: 0, model: diffusion }, ctx)).images;
    // sample_size 8, two pixels a latent
    expect([fitted!.width, fitted!.height]).toEqual([16, 16]);
    await expect(run({ ...defaults, images: [], side: 0 }, ctx)).rejects.toMatchObject({ code: 'FIT_PICTURES_NO_SIDE' });
  });
  it('leaves out pictures that are too small, and says when none is left', async () => {
    const images = await Promise.all([picture('large', 40, 20), picture('small', 40, 19)]);
    expect((await run({ ...defaults, images, smallest: 20 }, ctx)).images.map(({ key }) => key)).toEqual(['large']);
    expect(ctx.said.logs.at(-1)!.message).toContain('1 of 2 pictures');
    await expect(run({ ...defaults, images, smallest: 21 }, ctx)).rejects.toMatchObject({ code: 'FIT_PICTURES_NONE' });
  });
});
