import { createFakeContext } from '@facewright/testing';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const ctx = createFakeContext();
const folder = join(ctx.folder(), 'photos');
beforeAll(async () => {
  await mkdir(join(folder, 'inside'), { recursive: true });
  const image = await ctx.images.write({ width: 5, height: 4, channels: 3, data: new Uint8Array(60).fill(70) }, { key: '', caption: '' });
  const png = await ctx.assets.read(image.asset);
  await Promise.all(['b.png', 'a.PNG', 'inside/c.png'].map((name) => writeFile(join(folder, name), png)));
  await writeFile(join(folder, 'b.txt'), ' a grey field \n');
  await writeFile(join(folder, 'notes.md'), 'no picture');
});
const read = async (inputs: Partial<Parameters<typeof run>[0]> = {}) =>
  (await run({ folder, limit: 0, captions: 'sidecar', broken: 'refuse', ...inputs }, ctx)).images;

describe('an image folder', () => {
  it('gives the pictures by name, with the text beside them as caption', async () => {
    expect((await read()).map(({ key, caption, width, height }) => [key, caption, width, height])).toEqual([
      ['a.PNG', '', 5, 4],
      ['b.png', 'a grey field', 5, 4],
    ]);
    expect((await read({ captions: 'none' })).map(({ caption }) => caption)).toEqual(['', '']);
  });
  it('stops at the limit', async () => {
    expect((await read({ limit: 1 })).map(({ key }) => key)).toEqual(['a.PNG']);
  });
  it('names all files that are no pictures', async () => {
    const bad = join(ctx.folder(), 'bad');
    await mkdir(bad);
    await Promise.all(['one.jpg', 'two.webp'].map((name) => writeFile(join(bad, name), 'not a picture')));
    await expect(read({ folder: bad })).rejects.toMatchObject({
      code: 'IMAGE_FOLDER_UNREADABLE',
      message: expect.stringMatching(/2 file\(s\)[\s\S]*one\.jpg[\s\S]*two\.webp/) as string,
    });
  });
  it('goes on without them when asked to, and lists at most fifty', async () => {
    const mixed = join(ctx.folder(), 'mixed');
    await mkdir(mixed);
    const [good] = await read();
    await writeFile(join(mixed, 'good.png'), await ctx.assets.read(good!.asset));
    await Promise.all(Array.from({ length: 60 }, (_, i) => writeFile(join(mixed, `bad-${i}.png`), 'not a picture')));
    expect((await read({ folder: mixed, broken: 'leave out' })).map(({ key }) => key)).toEqual(['good.png']);
    const { level, message } = ctx.said.logs.at(-1)!;
    expect([level, message.split('\n').length]).toEqual(['warn', 52]);
    expect(message).toMatch(/got 60 file\(s\)[\s\S]*and 10 more$/);
    const bad = join(ctx.folder(), 'bad');
    await expect(read({ folder: bad, broken: 'leave out' })).rejects.toMatchObject({ code: 'IMAGE_FOLDER_UNREADABLE' });
  });
  it('says that a folder is none, or empty of pictures', async () => {
    await expect(read({ folder: join(folder, 'nowhere') })).rejects.toMatchObject({
      code: 'IMAGE_FOLDER_NO_FOLDER',
      message: expect.stringContaining('got nothing') as string,
    });
    await expect(read({ folder: join(folder, 'b.png') })).rejects.toMatchObject({
      code: 'IMAGE_FOLDER_NO_FOLDER',
      message: expect.stringContaining('got a file') as string,
    });
    await mkdir(join(ctx.folder(), 'empty'));
    await expect(read({ folder: join(ctx.folder(), 'empty') })).rejects.toMatchObject({ code: 'IMAGE_FOLDER_EMPTY' });
  });
});
