// Pairs saved and loaded: nothing is lost, and what does not agree is told.
import type { PairSet } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { run as load } from './load-pairs.ts';
import { run as save } from './save-pairs.ts';

const ctx = createFakeContext();
const made = {
  by: 'facewright/inpaint@2',
  models: { model: { name: 'm', weights: { unet: 'sha256:0' } } },
  settings: { seed: 7, prompt: 'a face' },
};
async function pairs(): Promise<PairSet> {
  const picture = (key: string, grey: number) =>
    ctx.images.write(
      { width: 12, height: 8, channels: 3, data: new Uint8Array(288).fill(grey) },
      { key, caption: `<i>caption</i> of ${key}` },
    );
  const jpeg = new Uint8Array(
    await sharp({ create: { width: 12, height: 8, channels: 3, background: '#345' } })
      .jpeg()
      .toBuffer(),
  );
  const photo = {
    asset: await ctx.assets.write(jpeg, 'image/jpeg'),
    width: 12,
    height: 8,
    key: 'sub/a.jpg',
    caption: '<i>caption</i> of sub/a.jpg',
  };
  return {
    pairs: [
      {
        key: 'sub/a.jpg',
        caption: '<i>caption</i> of sub/a.jpg',
        good: photo,
        bad: { ...(await picture('sub/a.jpg', 90)), made },
        boxes: [[1, 2, 9, 8]],
        made: {
          difference: 33.25,
          confidences: [0.98],
          score: { made, good: [1.5], bad: [null], gap: 0 },
          agreement: { made, overlaps: [0.7], confidences: [0.8] },
        },
      },
      { key: 'sub-a', caption: '<i>caption</i> of sub-a', good: await picture('sub-a', 5), bad: await picture('sub-a', 6), boxes: [] },
    ],
    manifest: { pairs: 2, leftOut: { tooAlike: 1 }, why: { z: 'too alike' } },
  };
}
const saved = async (folder: string) => {
  const set = await pairs();
  await save({ pairs: set, folder }, ctx);
  return { set, place: join(ctx.folder(), folder) };
};
const problemsOf = async (folder: string) => ((await load({ folder, limit: 0 }, ctx).catch((error: unknown) => error)) as Error).message;

describe('saved pairs', () => {
  it('are loaded as they were, files byte for byte', async () => {
    const { set, place } = await saved('pairs');
    expect([...ctx.written.keys()].filter((name) => name.startsWith('pairs/'))).toEqual([
      'pairs/good/sub-a.jpg',
      'pairs/bad/sub-a.png',
      'pairs/good/sub-a-2.png',
      'pairs/bad/sub-a-2.png',
      'pairs/contact-sheet.html',
      'pairs/set.json',
      'pairs/manifest.jsonl',
    ]);
    const other = createFakeContext();
    const { pairs: loaded } = await load({ folder: place, limit: 0 }, other);
    expect(loaded).toEqual(set);
    expect(await other.assets.read(loaded.pairs[0]!.good.asset)).toEqual(await ctx.assets.read(set.pairs[0]!.good.asset));
    expect((await load({ folder: place, limit: 1 }, other)).pairs).toEqual({
      pairs: set.pairs.slice(0, 1),
      manifest: { ...set.manifest, pairs: 1 },
    });
  });
  it('have a line each in the manifest, which names the files and how they were made', async () => {
    await saved('lines');
    const lines = new TextDecoder().decode(ctx.written.get('lines/manifest.jsonl')).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toMatchObject([
      {
        key: 'sub/a.jpg',
        good: { file: 'good/sub-a.jpg', width: 12 },
        bad: { file: 'bad/sub-a.png', made: { settings: { seed: 7 } } },
        made: { difference: 33.25 },
      },
      { key: 'sub-a', boxes: [] },
    ]);
    expect(new TextDecoder().decode(ctx.written.get('lines/contact-sheet.html'))).not.toContain('<i>');
  });
  it('never leave the output folder', async () => {
    await save({ pairs: await pairs(), folder: '../../out' }, ctx);
    expect([...ctx.written.keys()].some((name) => name.includes('..'))).toBe(false);
  });
  it('are refused line by line when files are gone, changed, of another size, or outside', async () => {
    const { place } = await saved('wrong');
    const lines = (await readFile(join(place, 'manifest.jsonl'), 'utf8')).trimEnd().split('\n');
    const line = JSON.parse(lines[1]!) as Record<'good' | 'bad', Record<string, unknown>>;
    const other = new Uint8Array(
      await sharp({ create: { width: 6, height: 8, channels: 3, background: '#345' } })
        .png()
        .toBuffer(),
    );
    await writeFile(join(place, 'bad/sub-a.png'), other);
    await cp(join(place, 'good/sub-a.jpg'), join(ctx.folder(), 'outside.jpg'));
    const { asset } = await ctx.images.write({ width: 6, height: 8, channels: 3, data: new Uint8Array(144) }, { key: '', caption: '' });
    await writeFile(join(place, 'small.png'), await ctx.assets.read(asset));
    await writeFile(
      join(place, 'manifest.jsonl'),
      [
        lines[0],
        JSON.stringify({ ...line, good: { ...line.good, file: '../outside.jpg' } }),
        JSON.stringify({ ...line, good: { ...line.good, file: '/etc/passwd' } }),
        JSON.stringify({ ...line, key: 'b', bad: { ...line.bad, file: 'small.png', sha256: asset.id.slice(7) } }),
        JSON.stringify({ ...line, boxes: [[1, 2]] }),
        '{"key": ',
        'null',
        JSON.stringify({ ...line, good: { ...line.good, file: 'good/none.png' } }),
        lines[1],
        lines[1],
      ].join('\n'),
    );
    const told = (await problemsOf(place)).split('\n').slice(1);
    expect(told.map((text) => text.trim().replace(/:.*/, ''))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 10].map((number) => `line ${number}`));
    for (const [i, words] of [
      'as it was saved',
      'inside the folder',
      'inside the folder',
      'of one size, got 12x8 and 6x8',
      'boxes.0',
      'JSON',
      'an object',
      'got none',
      'sub-a again',
    ].entries())
      expect(told[i]).toContain(words);
  });
  it('are not there: a folder without a manifest, none at all, or an empty one', async () => {
    const { place } = await saved('gone');
    await writeFile(join(place, 'set.json'), '[');
    expect(await problemsOf(place)).toContain('set.json: ');
    await writeFile(join(place, 'manifest.jsonl'), '\n');
    await expect(load({ folder: place, limit: 0 }, ctx)).rejects.toMatchObject({ code: 'PAIR_SET_EMPTY' });
    await rm(join(place, 'manifest.jsonl'));
    for (const folder of [place, join(place, 'none'), join(place, 'set.json')])
      await expect(load({ folder, limit: 0 }, ctx)).rejects.toMatchObject({ code: 'PAIR_SET_NO_FOLDER' });
  });
});
