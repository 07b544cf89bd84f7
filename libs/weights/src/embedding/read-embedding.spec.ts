// Textual inversion files: each form gives the vectors of a word, other files are refused.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { float32, toFloat32, type Tensor } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { writeSafetensors } from '../safetensors/write.ts';
import { readTensors } from '../stored-tensor.ts';
import { readEmbedding } from './read-embedding.ts';

const folder = mkdtempSync(join(tmpdir(), 'embedding-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fixture = (name: string) => join(import.meta.dirname, '../fixtures/torch', name);
const ramp = (dims: readonly number[]): Tensor =>
  float32(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => i),
  );
let count = 0;
async function read(tensors: Record<string, Tensor>) {
  const file = join(folder, `${count++}.safetensors`);
  await writeSafetensors(file, new Map(Object.entries(tensors)));
  return readEmbedding(file);
}
const shapes = (vectors: ReadonlyMap<string, { readonly shape: readonly number[] }>) =>
  [...vectors].map(([kind, { shape }]) => [kind, shape]);

describe('textual inversion files', () => {
  it.each([
    ['AUTOMATIC1111', 'embedding-a1111.pt', 2],
    ['the first implementation, a ParameterDict', 'embedding-first.pt', 1],
    ['diffusers', 'embedding-diffusers.bin', 1],
  ])('are read as %s saves them with PyTorch', async (_, name, words) => {
    const { vectors } = await readEmbedding(fixture(name));
    expect(shapes(vectors)).toEqual([['clip_l', [words, 768]]]);
    const values = toFloat32(name, (await readTensors(vectors)).get('clip_l')!).data;
    expect(values).toHaveLength(words * 768);
    expect(new Set(values).size).toBeGreaterThan(500);
    expect(values.every((value) => Math.abs(value) <= 1)).toBe(true);
  });

  it('are read from safetensors: one word, ComfyUI, and both encoders of SDXL', async () => {
    expect(shapes((await read({ '<face>': ramp([768]) })).vectors)).toEqual([['clip_l', [1, 768]]]);
    expect(shapes((await read({ '<face>': ramp([3, 1024]) })).vectors)).toEqual([['clip_h', [3, 1024]]]);
    expect(shapes((await read({ emb_params: ramp([4, 768]) })).vectors)).toEqual([['clip_l', [4, 768]]]);
    const { vectors } = await read({ clip_g: ramp([2, 1280]), clip_l: ramp([2, 768]) });
    expect(Object.fromEntries(shapes(vectors))).toEqual({ clip_l: [2, 768], clip_g: [2, 1280] });
    expect((await readTensors(vectors)).get('clip_g')).toEqual(ramp([2, 1280]));
  });

  it.each<[string, Record<string, Tensor>, string]>([
    [
      'of another width',
      { '<face>': ramp([512]) },
      'expected a textual inversion: 1 to 75 vectors of 768, 1024, 1280 floating numbers, got <face> [512] of float32',
    ],
    ['of a whole model', { a: ramp([4, 4]), b: ramp([4]) }, 'got a [4, 4] of float32 among 2 tensors'],
    ['of two words', { a: ramp([768]), b: ramp([768]) }, 'the vectors of one word, got several of width 768: a, b'],
    ['of more vectors than a prompt has places', { a: ramp([76, 768]) }, 'got a [76, 768]'],
    ['of whole numbers', { a: { dtype: 'uint8', dims: [768], data: new Uint8Array(768) } }, 'of uint8'],
    ['whose encoder is named wrongly', { clip_g: ramp([2, 768]) }, 'vectors of clip_g as wide as'],
    ['without tensors', {}, 'a file without tensors'],
  ])('are refused %s', async (_, tensors, words) => {
    await expect(read(tensors)).rejects.toMatchObject({ code: 'WEIGHTS_EMBEDDING' });
    await expect(read(tensors)).rejects.toThrow(words);
  });
});
