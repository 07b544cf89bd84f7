import { graphOfPicture, type Graph, type Image } from '@facewright/core';
import { safeName, uniqueName } from '@facewright/pipelines';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { run } from './run.ts';
import { run as saveScores } from './save-scores.ts';

/** 6 x 4 pixels of one colour. */
const webp = 'UklGRjIAAABXRUJQVlA4ICYAAABwAQCdASoGAAQAAsBMJYgCdAF1AAD+7c7etefuRgBwbJFNdgAAAA==';
const picture = (ctx: ReturnType<typeof createFakeContext>, key: string): Promise<Image> =>
  ctx.images.write(
    { width: 9, height: 7, channels: 3, data: new Uint8Array(189).fill(key.charCodeAt(0)) },
    { key, caption: `<b>"${key}" für, alle</b>` },
  );

describe('saving pictures', () => {
  it('writes each under its key, without leaving the folder, and never one over another', async () => {
    const ctx = createFakeContext();
    const images = await Promise.all(['p 1#7', '../p/1#7', 'P-1-7'].map((key) => picture(ctx, key)));
    expect((await run({ images, prefix: 'faces/base' }, ctx)).images).toEqual(images);
    expect([...ctx.written.keys()]).toEqual(['faces/base-p-1-7.png', 'faces/base-p-1-7-2.png', 'faces/base-P-1-7-3.png']);
  });
  it('keeps the pixels and notes key and caption in the file', async () => {
    const ctx = createFakeContext();
    const image = await picture(ctx, 'k');
    await run({ images: [image], prefix: '' }, ctx);
    const bytes = ctx.written.get('k.png')!;
    expect(await ctx.images.read(await ctx.assets.write(bytes, 'image/png'))).toEqual(await ctx.images.read(image));
    const text = new TextDecoder().decode(bytes);
    expect(text).toContain('Description\0\0\0\0\0<b>"k" für, alle</b>');
    expect(text).toContain('Title\0\0\0\0\0k');
  });
  it('puts the graph of the run into every file, also of pictures that came in another format', async () => {
    const graph: Graph = {
      facewright: 1,
      name: 'für alle',
      description: '',
      nodes: { draw: { type: 'facewright/sampler', version: 1, values: { seed: 7 } } },
      links: [],
      groups: [],
    };
    const ctx = createFakeContext({ graph });
    const asset = await ctx.assets.write(Buffer.from(webp, 'base64'), 'image/webp');
    await run({ images: [await picture(ctx, 'k'), { asset, width: 6, height: 4, key: 'photo.webp', caption: '' }], prefix: '' }, ctx);
    expect(graphOfPicture(ctx.written.get('k.png')!)).toEqual({ graph, key: 'k' });
    expect(graphOfPicture(ctx.written.get('photo.png')!)).toEqual({ graph, key: 'photo.webp' });
  });
  it('makes names that every file system takes', () => {
    expect(['a/b:c*?', '..', '', 'Zoë 1.png', '-x-'].map(safeName)).toEqual(['a-b-c', 'picture', 'picture', 'Zoë-1.png', 'x']);
    const taken = new Set<string>();
    expect(['a', 'A', 'a-2'].map((name) => uniqueName(name, taken))).toEqual(['a', 'A-2', 'a-2-2']);
  });
});

describe('saving scores', () => {
  async function save() {
    const ctx = createFakeContext();
    const [one, two] = await Promise.all(['one', '=two'].map((key) => picture(ctx, key)));
    const rows = [
      { image: one!, face: 0, box: [1, 1, 8.5, 6] as [number, number, number, number], score: 1.25 },
      { image: one!, face: 1, box: [0, 0, 4, 4] as [number, number, number, number], score: -0.25 },
      { image: two!, face: null, box: null, score: null, note: 'no face found' },
    ];
    const { report } = await saveScores({ scores: { metric: 'Face score', higherIsBetter: true, rows }, name: 'my scores' }, ctx);
    return { ctx, report, text: (name: string) => new TextDecoder().decode(ctx.written.get(name)) };
  }
  it('writes a table that spreadsheets read and programs parse', async () => {
    const { text } = await save();
    expect(text('my-scores.csv').split('\r\n')).toEqual([
      'picture,face,x1,y1,x2,y2,Face score,note,caption',
      'one,0,1,1,8.5,6,1.25,,"<b>""one"" für, alle</b>"',
      'one,1,0,0,4,4,-0.25,,"<b>""one"" für, alle</b>"',
      `'=two,,,,,,,no face found,"<b>""=two"" für, alle</b>"`,
      '',
    ]);
    expect(JSON.parse(text('my-scores.json'))).toMatchObject({
      metric: 'Face score',
      rows: [{ picture: 'one', face: 0, score: 1.25 }, { score: -0.25 }, { picture: '=two', score: null, note: 'no face found' }],
    });
  });
  it('shows the table as a page whose pictures are inside it, and says what was not scored', async () => {
    const { ctx, report } = await save();
    expect(report).toMatchObject({ title: 'Face score of 2 pictures', summary: 'Mean 0.500 over 2 scores. 1 row(s) without a score.' });
    const html = new TextDecoder().decode(await ctx.assets.read(report.html));
    expect(html.match(/<img src="data:image\/png;base64,/g)).toHaveLength(3);
    expect(html).toContain('no face found');
    expect(html).not.toContain('<b>');
  });
});
