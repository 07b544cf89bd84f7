import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Graph } from './graph.ts';
import { graphOfPicture, withPictureGraph } from './picture-graph.ts';
import { picturesIn } from './pictures-in.ts';
import { readPngText, withPngText } from './png-text.ts';

const latin1 = (text: string) => Buffer.from(text, 'latin1');
/** A chunk with a right checksum, by Node's own CRC. */
function chunk(type: string, data: Uint8Array, length = data.length): Buffer {
  const body = Buffer.concat([latin1(type), data]);
  const [before, after] = [Buffer.alloc(4), Buffer.alloc(4)];
  before.writeUInt32BE(length);
  after.writeUInt32BE(crc32(body));
  return Buffer.concat([before, body, after]);
}
const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const header = chunk('IHDR', Buffer.from([0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0]));
const pixels = chunk('IDAT', deflateSync(Buffer.from([0, 128])));
const end = chunk('IEND', Buffer.alloc(0));
const png = (...chunks: Uint8Array[]) => new Uint8Array(Buffer.concat([signature, header, ...chunks, pixels, end]));
const graph: Graph = {
  facewright: 1,
  name: 'Zoë, 雪 and 🙂',
  description: '',
  nodes: { draw: { type: 'facewright/sampler', version: 2, values: { seed: 9_007_199_254_740_991, text: '\0"<' } } },
  links: [],
  groups: [],
};
const origin = { graph, node: 'draw', key: 'p/1#7', caption: 'für alle' };

describe('text in PNG files', () => {
  it('is written after the header as chunks that other readers accept, and leaves the rest as it was', () => {
    const bytes = withPngText(png(), { Title: 'k', Description: 'für' });
    const title = chunk('iTXt', Buffer.concat([latin1('Title'), Buffer.alloc(5), latin1('k')]));
    const description = chunk('iTXt', Buffer.concat([latin1('Description'), Buffer.alloc(5), Buffer.from('für')]));
    expect(Buffer.from(bytes)).toEqual(Buffer.concat([signature, header, title, description, pixels, end]));
  });
  it('replaces what was there under the same keyword, also behind the pixels, and nothing else', () => {
    const before = new Uint8Array(
      Buffer.concat([
        signature,
        header,
        chunk('tEXt', latin1('Title\0old')),
        chunk('tEXt', latin1('Author\0me')),
        pixels,
        chunk('zTXt', Buffer.concat([latin1('Title\0\0'), deflateSync('older')])),
        end,
      ]),
    );
    const title = chunk('iTXt', Buffer.concat([latin1('Title'), Buffer.alloc(5), latin1('new')]));
    const author = chunk('tEXt', latin1('Author\0me'));
    expect(Buffer.from(withPngText(before, { Title: 'new' }))).toEqual(Buffer.concat([signature, header, title, author, pixels, end]));
  });
  it('is read from every kind of chunk, the first of each keyword; compressed text is known but not read', () => {
    const bytes = png(
      chunk('tEXt', latin1('a\0caf\xe9')),
      chunk('tEXt', latin1('a\0second')),
      chunk('iTXt', Buffer.concat([latin1('b\0\0\0de\0'), Buffer.from('ü\0雪')])),
      chunk('iTXt', Buffer.concat([latin1('c\0\x01\0\0\0'), deflateSync('hidden')])),
      chunk('zTXt', Buffer.concat([latin1('d\0\0'), deflateSync('hidden')])),
    );
    expect([...readPngText(bytes)]).toEqual([
      ['a', 'café'],
      ['b', '雪'],
      ['c', null],
      ['d', null],
    ]);
  });
  it('leaves files that are no PNG as they are', () => {
    for (const bytes of [Uint8Array.of(1, 2, 3), new Uint8Array(0), new Uint8Array(signature), new Uint8Array(5000).fill(255)]) {
      expect(withPngText(bytes, { Title: 'x' })).toBe(bytes);
      expect(readPngText(bytes).size).toBe(0);
    }
  });
  it('survives files made to break readers', () => {
    const kept = chunk('tEXt', latin1('kept\0yes'));
    const hostile: Record<string, Uint8Array> = {
      'a length beyond the file': png(kept, chunk('tEXt', latin1('x\0y'), 0xffffffff)),
      'a length of 2^31': png(kept, chunk('IDAT', Buffer.alloc(0), 0x80000000)),
      'no checksum at the end': new Uint8Array(Buffer.concat([signature, header, kept]).subarray(0, -4)),
      'a chunk cut within its head': new Uint8Array(Buffer.concat([signature, header, kept, Buffer.from([0, 0, 1])])),
      'text without a keyword, or without an end': png(
        kept,
        chunk('tEXt', latin1('\0no keyword')),
        chunk('tEXt', latin1('x'.repeat(200))),
        chunk('iTXt', latin1('')),
      ),
      'text behind the end': new Uint8Array(Buffer.concat([signature, header, kept, end, chunk('tEXt', latin1('late\0text'))])),
      'ten thousand chunks': png(kept, ...Array.from({ length: 10_000 }, (_, i) => chunk('tEXt', latin1(`kept\0${i}`)))),
    };
    for (const [name, bytes] of Object.entries(hostile)) expect([name, ...readPngText(bytes)]).toEqual([name, ['kept', 'yes']]);
    const cut = png(chunk('iTXt', latin1('facewright\0\0')), chunk('iTXt', latin1('b\0\0\0de')));
    expect([...readPngText(cut)]).toEqual([
      ['facewright', null],
      ['b', null],
    ]);
  });
});

describe('a picture with its graph', () => {
  it('brings the whole document back, whatever is in it', () => {
    expect(graphOfPicture(withPictureGraph(png(), origin))).toEqual({ graph, key: 'p/1#7' });
  });
  it('brings back the graph that was put in last', () => {
    const first = withPictureGraph(png(), origin);
    expect(graphOfPicture(withPictureGraph(first, { ...origin, graph: { ...graph, name: 'later' } }))).toMatchObject({
      graph: { name: 'later' },
    });
  });
  it('says whose picture it is when it has no graph of ours', () => {
    const why = (bytes: Uint8Array) => graphOfPicture(bytes).problems?.map(({ code, message }) => `${code}: ${message}`);
    const got = (text: string) => [`CORE_NO_PICTURE_GRAPH: picture: expected a PNG that Facewright saved with its graph, got ${text}`];
    expect(why(png())).toEqual(got('a PNG without one'));
    expect(why(Uint8Array.of(0xff, 0xd8, 0xff))).toEqual(got('a picture of another format, which carries no graph'));
    expect(why(png(chunk('tEXt', latin1('prompt\0{}')), chunk('tEXt', latin1('workflow\0{}'))))).toEqual(
      got('a picture of ComfyUI, whose workflow has other nodes'),
    );
    expect(why(png(chunk('tEXt', latin1('parameters\0a cat\nSteps: 20'))))).toEqual(
      got('a picture of the AUTOMATIC1111 web UI, which carries settings but no graph'),
    );
  });
  it('says what is wrong with a note that is no graph', () => {
    const codes = (text: string) => graphOfPicture(withPngText(png(), { facewright: text })).problems?.map(({ code }) => code);
    expect(codes('{')).toEqual(['CORE_NOT_JSON']);
    for (const text of ['null', '7', '{}', '{"graph":{"facewright":2}}', `${'['.repeat(5000)}${']'.repeat(5000)}`])
      expect(codes(text)?.every((code) => code === 'CORE_BAD_DOCUMENT')).toBe(true);
  });
});

it('finds the pictures of a value, each once', () => {
  const image = (n: string) => ({
    asset: { id: `sha256:${n.repeat(64)}`, mediaType: 'image/png', bytes: 1 },
    width: 1,
    height: 1,
    key: n,
    caption: '',
  });
  const value = { pairs: [{ good: image('a'), bad: image('b') }, { good: image('a') }], weights: { asset: image('c').asset } };
  expect([...picturesIn(value).values()].map(({ key }) => key)).toEqual(['a', 'b']);
});
