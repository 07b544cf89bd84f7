// Lists in every format, against files that pyarrow wrote, and everything that can be wrong with them.
import { createFakeContext } from '@facewright/testing';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { run } from './picture-list.ts';

const fixture = JSON.parse(readFileSync(new URL('./fixtures/picture-lists.json', import.meta.url), 'utf8')) as {
  readonly parquet: Readonly<Record<string, string>>;
  readonly texts: readonly (string | null)[];
};
const parquet = (name: string) => gunzipSync(Buffer.from(fixture.parquet[name]!, 'base64'));
const ctx = createFakeContext();
const place = (name: string) => join(ctx.folder(), 'set', name);
async function put(name: string, content: string | Uint8Array): Promise<string> {
  await mkdir(dirname(place(name)), { recursive: true });
  await writeFile(place(name), content);
  return place(name);
}
const png = async (grey: number, width = 3) => {
  const pixels = { width, height: 2, channels: 3 as const, data: new Uint8Array(width * 6).fill(grey) };
  return ctx.assets.read((await ctx.images.write(pixels, { key: '', caption: '' })).asset);
};
beforeAll(async () => {
  for (const [i, name] of [...'abcde'].entries()) await put(`sub/${name}.png`, await png(100 + i, i + 1));
  await put('sub/broken.png', 'no picture');
});

const defaults = { folder: undefined, picture: '', caption: '', key: '', limit: 0, broken: 'refuse' as const };
const read = async (list: string, inputs: Partial<Parameters<typeof run>[0]> = {}, context = ctx) =>
  (await run({ ...defaults, list, ...inputs }, context)).images;
const said = async (list: string, inputs?: Partial<Parameters<typeof run>[0]>) =>
  (await read(list, inputs)).map(({ key, caption }) => [key, caption]);

describe('a picture list', () => {
  it('in JSON Lines gives pictures with captions in order, with paths from the list or absolute', async () => {
    const list = await put(
      'a.jsonl',
      `{"file_name": "sub/a.png", "text": "a man"}\r\n\n{"file_name": "./sub/b.png"}\n{"file_name": ${JSON.stringify(place('sub/c.png'))}, "text": "雨"}`,
    );
    const images = await read(list);
    expect(images.map(({ key, caption, width }) => [key, caption, width])).toEqual([
      ['sub/a.png', 'a man', 1],
      ['sub/b.png', '', 2],
      ['c.png', '雨', 3],
    ]);
    expect((await ctx.images.read(images[1]!)).data[0]).toBe(101);
  });
  it('keeps the file as it is', async () => {
    const [image] = await read(await put('b.jsonl', '{"path": "sub/d.png"}'));
    expect(await ctx.assets.read(image!.asset)).toEqual(new Uint8Array(readFileSync(place('sub/d.png'))));
  });
  it('in CSV takes quotes, line breaks in captions, semicolons, and names of columns in any case', async () => {
    const list = await put('c.csv', '\ufeffID;"TEXT";Image_Path\r\n7;"a ""tall"" man;\nwith a hat";sub/a.png\r\n8;;sub/b.png\r\n');
    expect(await said(list)).toEqual([
      ['7', 'a "tall" man;\nwith a hat'],
      ['8', ''],
    ]);
  });
  it('in TSV takes commas as they are', async () => {
    expect(await said(await put('d.tsv', 'image\tcaption\nsub/a.png\tone, two\n'))).toEqual([['sub/a.png', 'one, two']]);
  });
  it.each(['paths, snappy, two rows a group', 'paths, zstd, dictionaries'])('in Parquet: %s', async (name) => {
    const list = await put(`${name}.parquet`, parquet(name));
    expect(await said(list)).toEqual([...'abcde'].map((letter, i) => [`sub/${letter}.png`, fixture.texts[i] ?? '']));
  });
  it('in Parquet takes pictures that are inside, and those that are named instead', async () => {
    const images = await read(await put('hf.parquet', parquet('pictures inside, gzip')));
    expect(images.map(({ key, caption }) => [key, caption])).toEqual(
      ['0.png', '1.png', '2.png', '3.png', 'sub/a.png'].map((key, i) => [key, fixture.texts[i] ?? '']),
    );
    expect(await Promise.all(images.map(async (image) => (await ctx.images.read(image)).data[0]))).toEqual([0, 10, 20, 30, 100]);
    const bare = await read(await put('bytes.parquet', parquet('bytes alone')));
    expect(bare.map(({ key }) => key)).toEqual(['x', 'y']);
  });
  it('goes by the columns that are named', async () => {
    const list = await put('e.jsonl', '{"image": "sub/a.png", "mine": "sub/b.png", "said": "b", "no": 3}');
    expect(await said(list, { picture: 'mine', caption: 'said', key: 'no' })).toEqual([['3', 'b']]);
    await expect(read(list, { caption: 'siad' })).rejects.toMatchObject({
      code: 'PICTURE_LIST_COLUMN',
      message: expect.stringMatching(/^caption: .*siad.*image, mine, said, no/) as string,
    });
  });
  it('begins paths at another folder when one is given', async () => {
    expect(await said(await put('lists/f.jsonl', '{"file": "a.png"}'), { folder: place('sub') })).toEqual([['a.png', '']]);
  });
  it('stops at the limit, and reads nothing behind it', async () => {
    const list = await put('g.jsonl', '{"image": "sub/a.png"}\n{"image": "sub/b.png"}\n{"image": "sub/broken.png"}\n');
    expect(await said(list, { limit: 2 })).toHaveLength(2);
  });
  it('gives a picture that is named again a key of its own', async () => {
    const list = await put('h.csv', `image,caption\n${'sub/a.png,x\n'.repeat(3)}sub/a.png 2,y\n`.replace('sub/a.png 2,y\n', ''));
    expect((await said(list)).map(([key]) => key)).toEqual(['sub/a.png', 'sub/a.png 2', 'sub/a.png 3']);
  });
  it('names every line that is wrong, and fetches nothing from the web', async () => {
    const list = await put(
      'i.jsonl',
      [
        '{"image": "sub/a.png"}',
        '{"image": ',
        '{"image": "https://example.org/a.png"}',
        '{"image": "sub/none.png"}',
        '[1]',
        '{"image": "sub/broken.png"}',
        '{"image": "sub"}',
        '{"caption": "x"}',
      ].join('\n'),
    );
    const error: unknown = await read(list).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'PICTURE_LIST_PROBLEMS' });
    const lines = (error as Error).message.split('\n');
    expect(lines[0]).toContain('got 7 that cannot be read');
    for (const [i, words] of [
      'line 2: expected JSON',
      'line 3: image: expected the path of a picture on this machine, got an address',
      'line 4: expected a picture at',
      'line 5: expected an object',
      'line 6: ',
      'line 7: expected a picture at',
      'line 8: image: expected the path of a picture, got nothing',
    ].entries())
      expect(lines[i + 1]).toContain(words);
    expect((await said(list, { broken: 'leave out' })).map(([key]) => key)).toEqual(['sub/a.png']);
    expect(ctx.said.logs.some(({ level, message }) => level === 'warn' && message.includes('7 left out'))).toBe(true);
  });
  it('names rows of CSV with too many or too few fields, and a quote that never ends', async () => {
    const list = await put('j.csv', 'image,caption\nsub/a.png,x,y\nsub/b.png,fine\nsub/c.png\nsub/d.png,"open\n');
    const error: unknown = await read(list).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(/got 3 that[\s\S]*line 2: [\s\S]*line 4: [\s\S]*Quote/);
    expect((await said(list, { broken: 'leave out' })).map(([key]) => key)).toEqual(['sub/b.png']);
  });
  it('lists fifty of many problems and counts the rest', async () => {
    const list = await put('k.jsonl', '{"image": "sub/none.png"}\n'.repeat(70));
    const error: unknown = await read(list, { broken: 'leave out' }).catch((thrown: unknown) => thrown);
    expect((error as Error).message).toMatch(/got 70 that[\s\S]*and 20 more$/);
    expect((error as Error).message.split('\n')).toHaveLength(52);
  });
  it.each([
    ['none.jsonl', null, 'PICTURE_LIST_NO_FILE'],
    ['list.txt', 'image\n', 'PICTURE_LIST_FORMAT'],
    ['empty.jsonl', '', 'PICTURE_LIST_EMPTY'],
    ['header.csv', 'image,caption\n', 'PICTURE_LIST_EMPTY'],
    ['torn.parquet', 'PAR1 and no more', 'PICTURE_LIST_UNREADABLE'],
    ['urls.csv', 'url,text\nhttps://example.org/a.png,x\n', 'PICTURE_LIST_ADDRESSES'],
    ['other.csv', 'a,b\n1,2\n', 'PICTURE_LIST_NO_PICTURES'],
  ])('says what is wrong with %s', async (name, content, code) => {
    const list = content === null ? place(name) : await put(name, content);
    await expect(read(list)).rejects.toMatchObject({ code });
  });
  it('does not read a file that never ends', async () => {
    const list = await put('l.jsonl', '{"image": "/dev/zero"}');
    await expect(read(list)).rejects.toMatchObject({ code: 'PICTURE_LIST_PROBLEMS' });
  });
  it('stops when the run is cancelled', async () => {
    const list = await put('m.jsonl', '{"image": "sub/a.png"}\n'.repeat(3));
    await expect(read(list, {}, createFakeContext({ signal: AbortSignal.abort() }))).rejects.toMatchObject({ name: 'AbortError' });
  });
});
