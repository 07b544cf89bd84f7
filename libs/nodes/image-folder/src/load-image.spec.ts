import { assetName } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { run } from './load-image.ts';

/** 3 x 1 pixels: opaque red, see-through green, half blue. */
const seeThrough =
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAYAAAAb4BS0AAAACXBIWXMAAAPoAAAD6AG1e1JrAAAAFUlEQVQImWP4z8Dwn+E/AwMDw/8GAB5vBH0klByHAAAAAElFTkSuQmCC';
async function load(name: string, bytes: Uint8Array | string, caption = '') {
  const ctx = createFakeContext();
  const path = join(ctx.folder(), 'photos', name);
  await mkdir(join(path, '..'));
  await writeFile(path, bytes);
  const { images, masks } = await run({ path, mask: '', caption }, ctx);
  const [image, mask] = [images[0]!, masks[0]!];
  return { ctx, images, masks, image, mask, pixels: await ctx.images.read(image), hidden: await ctx.images.read(mask) };
}
async function opaque() {
  const { images, assets } = createFakeContext();
  const { asset } = await images.write(
    { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 6) },
    { key: '', caption: '' },
  );
  return { asset, bytes: await assets.read(asset) };
}

it('gives the colours under transparent pixels, and a mask that is white where they are to be repainted', async () => {
  const { image, mask, pixels, hidden, ctx } = await load('cut out.png', Buffer.from(seeThrough, 'base64'), 'three colours');
  expect([...pixels.data]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255]);
  expect([...hidden.data]).toEqual([0, 0, 0, 255, 255, 255, 127, 127, 127]);
  expect([image, mask]).toMatchObject([
    { key: 'cut out.png', caption: 'three colours', width: 3, height: 1 },
    { key: 'cut out.png', width: 3, height: 1 },
  ]);
  expect(ctx.said.logs).toEqual([]);
});
it('gives a picture without transparency as its file, and a black mask with a note', async () => {
  const { asset, bytes } = await opaque();
  const { images, masks, image, hidden, ctx } = await load('a.png', bytes);
  expect([images.length, masks.length, image.asset.id]).toEqual([1, 1, asset.id]);
  expect([...hidden.data]).toEqual([0, 0, 0, 0, 0, 0]);
  expect(ctx.said.logs).toMatchObject([{ level: 'info', message: expect.stringContaining('a.png has no transparency') as string }]);
});
it('names a file that is no picture, or that is not there', async () => {
  await expect(load('text.png', 'not a picture')).rejects.toMatchObject({
    code: 'IMAGE_FOLDER_NO_PICTURE',
    message: expect.stringMatching(/expected a picture, got .*text\.png/) as string,
  });
  await expect(run({ path: '/nowhere/cat.png', mask: '', caption: '' }, createFakeContext())).rejects.toMatchObject({
    code: 'ENGINE_MISSING_FILE',
  });
});

it('takes a painted mask instead of the transparency, and a picture of the store instead of a file', async () => {
  const ctx = createFakeContext();
  const picture = await ctx.assets.write(Buffer.from(seeThrough, 'base64'), 'image/png');
  const { asset } = await ctx.images.write({ width: 3, height: 1, channels: 1, data: Uint8Array.of(255, 0, 90) }, { key: '', caption: '' });
  const { images, masks } = await run({ path: assetName(picture), mask: assetName(asset), caption: '' }, ctx);
  expect([...(await ctx.images.read(masks[0]!)).data]).toEqual([255, 255, 255, 0, 0, 0, 90, 90, 90]);
  expect([...(await ctx.images.read(images[0]!)).data]).toEqual([255, 0, 0, 0, 255, 0, 0, 0, 255]);
  expect(images[0]!.key).toBe(picture.id.slice(7, 19));
});
it('says when a mask is of another size, and when the store lacks a picture or a mask', async () => {
  const ctx = createFakeContext();
  const picture = assetName(await ctx.assets.write(Buffer.from(seeThrough, 'base64'), 'image/png'));
  const about = { key: '', caption: '' };
  const small = assetName((await ctx.images.write({ width: 2, height: 1, channels: 1, data: new Uint8Array(2) }, about)).asset);
  const lost = `asset:sha256:${'0'.repeat(64)}`;
  await expect(run({ path: picture, mask: small, caption: '' }, ctx)).rejects.toMatchObject({
    code: 'IMAGE_FOLDER_MASK_SIZE',
    message: expect.stringMatching(/^mask: expected 3 x 1 pixels, .*got 2 x 1/) as string,
  });
  await expect(run({ path: picture, mask: lost, caption: '' }, ctx)).rejects.toMatchObject({
    code: 'IMAGE_FOLDER_NO_ASSET',
    message: expect.stringContaining('paint the mask again') as string,
  });
  await expect(run({ path: lost, mask: '', caption: '' }, ctx)).rejects.toMatchObject({ code: 'IMAGE_FOLDER_NO_ASSET' });
});
