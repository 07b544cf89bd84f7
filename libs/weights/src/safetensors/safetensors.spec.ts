// Safetensors files: what is written is read back, and every lie in a header is named.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, int64, type CodedError, type Tensor } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { readTensors } from '../stored-tensor.ts';
import { readSafetensorsHeader } from './read.ts';
import { writeSafetensors } from './write.ts';

const folder = mkdtempSync(join(tmpdir(), 'safetensors-'));
afterAll(() => rmSync(folder, { recursive: true }));
let count = 0;
/** A file with a given header text, declared header length and data. */
function craft(header: string | object, data: number | Uint8Array, declared?: bigint): string {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(declared ?? BigInt(json.length));
  const file = join(folder, `${count++}.safetensors`);
  writeFileSync(file, Buffer.concat([length, json, typeof data === 'number' ? Buffer.alloc(data) : data]));
  return file;
}
const failure = async (file: string): Promise<CodedError> => {
  try {
    await readSafetensorsHeader(file);
  } catch (error) {
    return error as CodedError;
  }
  throw new Error('the file was accepted');
};
const f32 = (shape: readonly number[], begin: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [begin, end] });

describe('safetensors', () => {
  it('reads back what it wrote: every element type, a scalar, an empty tensor and metadata', async () => {
    const tensors = new Map<string, Tensor>([
      ['byte', { dtype: 'uint8', dims: [3], data: Uint8Array.of(1, 2, 255) }],
      ['half', { dtype: 'float16', dims: [2], data: Uint16Array.of(0x3c00, 0xc000) }],
      ['brain', { dtype: 'bfloat16', dims: [1, 1], data: Uint16Array.of(0x3f80) }],
      ['single', float32([2, 2], [1, -2, 3.5, Number.NaN])],
      ['double', { dtype: 'float64', dims: [1], data: Float64Array.of(Math.PI) }],
      ['long', int64([2], [-1, 2 ** 40])],
      ['integer', { dtype: 'int32', dims: [1], data: Int32Array.of(-7) }],
      ['small', { dtype: 'int8', dims: [2], data: Int8Array.of(-128, 127) }],
      ['flag', { dtype: 'bool', dims: [2], data: Uint8Array.of(0, 1) }],
      ['scalar', float32([], [4])],
      ['empty', float32([0, 5], [])],
      ['Ünïcode "name"', float32([1], [9])],
    ]);
    const file = join(folder, 'all.safetensors');
    await writeSafetensors(file, tensors, { format: 'pt', note: 'ä"\n' });
    const header = await readSafetensorsHeader(file);
    expect(header.metadata).toEqual({ format: 'pt', note: 'ä"\n' });
    expect(await readTensors(header.tensors)).toEqual(
      new Map([...tensors].sort(([a], [b]) => [...header.tensors.keys()].indexOf(a) - [...header.tensors.keys()].indexOf(b))),
    );
    for (const { offset, dtype, length } of header.tensors.values()) if (length > 0) expect(offset % (dtype === 'float32' ? 4 : 1)).toBe(0);
  });

  it('gives the place of each tensor in the file', async () => {
    const data = new Uint8Array(Float32Array.of(1, 2, 3).buffer);
    const file = craft({ a: f32([1], 8, 12), b: f32([2], 0, 8) }, data);
    const { tensors } = await readSafetensorsHeader(file);
    const a = tensors.get('a')!;
    expect(readFileSync(file).readFloatLE(a.offset)).toBe(3);
    expect(a).toMatchObject({ kind: 'file', file, dtype: 'float32', shape: [1], length: 4 });
  });

  it.each<[string, () => string, readonly string[]]>([
    [
      'shorter than a length',
      () => {
        const file = join(folder, 'short');
        writeFileSync(file, 'abc');
        return file;
      },
      ['at least 8 bytes, got 3'],
    ],
    ['whose header is longer than the file', () => craft('{}', 4, 1000n), ['header length', '1000']],
    ['whose header is huge', () => craft('{}', 0, 2n ** 60n), ['at most 100000000']],
    ['whose header is not JSON', () => craft('{"a": ', 0), ['expected JSON']],
    ['whose header is a list', () => craft('[]', 0), ['expected a JSON object']],
    [
      'whose header is not UTF-8',
      () => {
        const file = craft('{"ab":1}', 0);
        const bytes = readFileSync(file);
        bytes[10] = 0xff;
        writeFileSync(file, bytes);
        return file;
      },
      ['UTF-8'],
    ],
    [
      'that names a tensor twice',
      () => craft('{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}, "\\u0061" :{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}', 4),
      ['a: expected one entry'],
    ],
    ['with data beyond its end', () => craft({ a: f32([2], 0, 8) }, 4), ['a: expected data within the 4 bytes']],
    [
      'that is cut short',
      () => craft(Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`t${i}`, f32([1], 4 * i, 4 * i + 4)])), 8),
      ['cut short: expected 36 bytes of data, got 8', 't2: expected data within the 8 bytes', 'and 4 more tensors'],
    ],
    [
      'with overlapping tensors',
      () => craft({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12),
      ['b: expected to begin after a at 8, got an overlap from 4'],
    ],
    ['with a hole', () => craft({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), ['b: expected to begin where a ends at 4, got a hole']],
    ['with bytes after the last tensor', () => craft({ a: f32([1], 0, 4) }, 9), ['5 bytes more']],
    ['with a length that contradicts its shape', () => craft({ a: f32([3], 0, 8) }, 8), ['a: expected 12 bytes for F32 [3], got 8']],
    [
      'with negative sizes',
      () => craft({ a: f32([-1], 0, 4), b: { dtype: 'F32', shape: [1], data_offsets: [-4, 0] } }, 4),
      ['a: expected a shape', 'b: expected data_offsets'],
    ],
    ['with a shape that overflows', () => craft({ a: f32([2 ** 40, 2 ** 40], 0, 4) }, 4), ['a: expected']],
    ['with reversed offsets', () => craft({ a: f32([1], 4, 0) }, 4), ['a: expected data_offsets']],
    ['with an unknown dtype', () => craft({ a: { dtype: 'F31', shape: [1], data_offsets: [0, 4] } }, 4), ['a: expected a dtype', '"F31"']],
    ['with entries that are not objects', () => craft({ a: 3, b: null }, 0), ['a: expected a dtype', 'b: expected a shape']],
    ['whose metadata are not strings', () => craft({ __metadata__: { a: 1 } }, 0), ['__metadata__']],
    [
      'with several lies',
      () => craft({ a: f32([3], 0, 8), b: f32([1], 100, 104), c: { dtype: 'X' } }, 12),
      ['a: expected 12', 'b: expected data within', 'c: expected a dtype', 'c: expected a shape'],
    ],
  ])('refuses a file %s, naming it', async (_, make, words) => {
    const file = make();
    const error = await failure(file);
    expect(error.code).toBe('WEIGHTS_SAFETENSORS');
    for (const word of [file, ...words]) expect(error.message).toContain(word);
  });

  it('says which file cannot be opened', async () => {
    const error = await failure(join(folder, 'absent'));
    expect(error.code).toBe('WEIGHTS_UNREADABLE');
    expect(error.message).toContain('absent');
  });

  it('accepts a header padded with spaces and a file without tensors', async () => {
    expect((await readSafetensorsHeader(craft('{}      ', 0))).tensors.size).toBe(0);
  });

  it('refuses to write a tensor whose data and dims disagree, and leaves nothing behind', async () => {
    const place = mkdtempSync(join(folder, 'write-'));
    await expect(writeSafetensors(join(place, 'a'), new Map([['w', float32([3], [1])]]))).rejects.toMatchObject({ code: 'WEIGHTS_TENSOR' });
    expect(readdirSync(place)).toEqual([]);
  });

  it('keeps the old file when the new one cannot be written', async () => {
    const place = mkdtempSync(join(folder, 'keep-'));
    const file = join(place, 'w.safetensors');
    await writeSafetensors(file, new Map([['w', float32([1], [1])]]));
    const before = readFileSync(file);
    const broken = {
      dtype: 'float32',
      dims: [1],
      get data() {
        return reads++ === 0 ? Float32Array.of(1) : (null as never);
      },
    } as Tensor;
    let reads = 0;
    await expect(writeSafetensors(file, new Map([['w', broken]]))).rejects.toThrow();
    expect(readFileSync(file)).toEqual(before);
    expect(readdirSync(place)).toEqual(['w.safetensors']);
    await expect(writeSafetensors(join(place, 'no', 'such', 'folder'), new Map())).rejects.toMatchObject({ code: 'WEIGHTS_UNWRITABLE' });
  });
});
