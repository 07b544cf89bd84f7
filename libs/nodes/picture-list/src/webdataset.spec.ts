// Shards that tarfile wrote, whole, cut short and damaged.
import { createFakeContext } from '@facewright/testing';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { expandBraces, shardMatcher } from './shard-names.ts';
import { run } from './webdataset.ts';

const { shards } = JSON.parse(readFileSync(new URL('./fixtures/picture-lists.json', import.meta.url), 'utf8')) as {
  readonly shards: Readonly<Record<'gnu' | 'pax', string>>;
};
const ctx = createFakeContext();
const bytes = (name: 'gnu' | 'pax') => new Uint8Array(gunzipSync(Buffer.from(shards[name], 'base64')));
async function put(name: string, content: Uint8Array): Promise<string> {
  const path = join(ctx.folder(), name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}
const defaults = { shards: '*.tar', captions: 'auto' as const, field: '', limit: 0, broken: 'leave out' as const };
const read = async (path: string, inputs: Partial<Parameters<typeof run>[0]> = {}) =>
  (await run({ ...defaults, path, ...inputs }, ctx)).images;
const messageOf = async (work: Promise<unknown>) => ((await work.catch((error: unknown) => error)) as Error).message;

describe('a webdataset shard', () => {
  it.each([
    ['gnu', 'long'],
    ['pax', 'länge'],
  ] as const)('gives samples with the caption that comes first, whatever the order of their files: %s', async (format, long) => {
    const images = await read(await put(`${format}.tar`, bytes(format)));
    expect(images.map(({ key, caption }) => [key, caption])).toEqual([
      ['000000001', 'from txt'],
      ['000000002', 'a field'],
      ['v1.0/000000003', 'Zoë'],
      [`a/${long.repeat(40)}`, ''],
    ]);
    expect(await Promise.all(images.map(async (image) => (await ctx.images.read(image)).data[0]))).toEqual([20, 30, 40, 50]);
  });
  it('takes captions of the ending and the field that are asked for', async () => {
    const path = await put('a.tar', bytes('gnu'));
    const captions = async (inputs: Partial<Parameters<typeof run>[0]>) => (await read(path, inputs)).map(({ caption }) => caption);
    expect(await captions({ captions: 'json' })).toEqual(['from json', 'a field', '', '']);
    expect(await captions({ captions: 'none' })).toEqual(['', '', '', '']);
    expect(await captions({ captions: 'json', field: 'TEXT' })).toEqual(['a field', '', '']);
    expect(ctx.said.logs.findLast(({ level }) => level === 'warn')!.message).toContain(
      'a.tar, 000000001: expected the field TEXT in .json, got caption, key, url, status',
    );
  });
  it('says where a picture is missing', async () => {
    expect(await messageOf(read(await put('a.tar', bytes('gnu')), { broken: 'refuse' }))).toMatch(
      /got 1 that cannot be read:\n {2}a\.tar, 000000005: expected a picture beside \.txt, got none/,
    );
  });
  it('names a shard that is cut short, with the place, and keeps what was whole', async () => {
    const whole = bytes('gnu');
    // headers and contents fill blocks of 512 bytes: the third sample begins in block 12
    const cut = await put('cut.tar', whole.subarray(0, 12 * 512 + 700));
    expect((await read(cut)).map(({ key }) => key)).toEqual(['000000001', '000000002']);
    const message = await messageOf(read(cut, { broken: 'refuse' }));
    expect(message).toMatch(
      /cut\.tar: expected a whole tar, got one that ends or is damaged after the beginning of v1\.0\/000000003\.\w+, byte 6844 of 6844/,
    );
  });
  it('names a shard that is no tar, and one with a damaged header', async () => {
    expect(await messageOf(read(await put('text.tar', new TextEncoder().encode('hello '.repeat(400)))))).toContain(
      'text.tar: expected a whole tar, got one that ends or is damaged at its beginning',
    );
    const damaged = bytes('gnu');
    damaged.fill(33, 512 * 2, 512 * 3);
    expect(await messageOf(read(await put('damaged.tar', damaged)))).toContain('after the beginning of 000000001.jpg');
  });
  it('reads the shards of a folder by name, as far as the limit', async () => {
    await Promise.all(['s-00', 's-01', 's-02', 'other'].map((name) => put(`shards/${name}.tar`, bytes('gnu'))));
    const folder = join(ctx.folder(), 'shards');
    expect(await read(folder, { shards: 's-*.tar' })).toHaveLength(12);
    const images = await read(folder, { shards: 's-{01..02}.tar', limit: 5 });
    expect(images.map(({ key }) => key).slice(4)).toEqual(['000000001 2']);
    await expect(read(folder, { shards: 't*.tar' })).rejects.toMatchObject({ code: 'PICTURE_LIST_NO_SHARDS' });
    await expect(read(join(folder, 'none'))).rejects.toMatchObject({ code: 'PICTURE_LIST_NO_FILE' });
  });
});

describe('names of shards', () => {
  it('are written out from braces, with leading zeros', () => {
    expect(expandBraces('a-{008..011}.tar')).toEqual(['a-008.tar', 'a-009.tar', 'a-010.tar', 'a-011.tar']);
    expect(expandBraces('{a,b}{0..1}')).toEqual(['a0', 'a1', 'b0', 'b1']);
    expect(expandBraces('{0..99999}{0..99999}')).toHaveLength(100_000);
    expect(expandBraces('plain')).toEqual(['plain']);
  });
  it('match as a shell does', () => {
    expect(['x1.tar', 'x12.tar', 'y1.tar', 'x1_tar'].filter(shardMatcher('x?.tar'))).toEqual(['x1.tar']);
    expect(['x(1).tar', 'x1.tar'].filter(shardMatcher('x(*).tar'))).toEqual(['x(1).tar']);
  });
});
