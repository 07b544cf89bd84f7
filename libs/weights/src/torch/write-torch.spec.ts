// .pt files that are written: what PyTorch has read is what is still written, and our own reader finds the same.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { sizeOf, type Tensor } from '@facewright/tensor';
import { afterAll, describe, expect, it } from 'vitest';
import { openTensorFile } from '../open-tensor-file.ts';
import { readTensors } from '../stored-tensor.ts';
import { safetensorsParts } from '../safetensors/write.ts';
import { writtenExample } from './testing/written-example.ts';
import { torchParts } from './write-torch.ts';

const reference = JSON.parse(readFileSync(join(import.meta.dirname, '../fixtures/torch-written.json'), 'utf8')) as {
  readonly sha256: string;
  readonly found: Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[]; readonly bytes: string }>>;
};
const folder = mkdtempSync(join(tmpdir(), 'write-torch-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bytesOf = ({ data }: Tensor) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

describe('a .pt file', () => {
  it('is byte for byte the one that torch.load(weights_only=True) has read', async () => {
    const written = await buffer(torchParts(writtenExample));
    expect(createHash('sha256').update(written).digest('hex')).toBe(reference.sha256);
    expect(Object.keys(reference.found)).toEqual([...writtenExample.keys()]);
    for (const [name, tensor] of writtenExample)
      expect(reference.found[name], name).toEqual({
        dtype: tensor.dtype,
        shape: tensor.dims,
        bytes: bytesOf(tensor).toString('base64'),
      });
  });
  it('comes back through our own reader, row by row in the file, aligned for memory maps', async () => {
    const file = join(folder, 'example.pt');
    await writeFile(file, torchParts(writtenExample));
    const { format, tensors } = await openTensorFile(file);
    expect(format).toBe('torch-zip');
    expect(await readTensors(tensors)).toEqual(writtenExample);
    for (const [name, stored] of tensors)
      if (sizeOf(stored.shape) > 0)
        expect(stored, name).toMatchObject({ kind: 'file', offset: expect.toSatisfy((at: number) => at % 64 === 0) as number });
  });
  it('is copied from other files and computed a tensor at a time', async () => {
    const source = join(folder, 'source.safetensors');
    await writeFile(source, safetensorsParts(writtenExample));
    const { tensors } = await openTensorFile(source);
    const ordered = new Map([...writtenExample.keys()].map((name) => [name, tensors.get(name)!]));
    expect(
      createHash('sha256')
        .update(await buffer(torchParts(ordered)))
        .digest('hex'),
    ).toBe(reference.sha256);
    const computed = new Map(
      [...writtenExample].map(([name, tensor]) => [
        name,
        { kind: 'computed' as const, dtype: tensor.dtype, shape: tensor.dims, compute: () => Promise.resolve(tensor) },
      ]),
    );
    expect(
      createHash('sha256')
        .update(await buffer(torchParts(computed)))
        .digest('hex'),
    ).toBe(reference.sha256);
  });
  it('is refused for data that does not fit its shape, and for more than a zip of 32 bits holds', async () => {
    const wrong: Tensor = { dtype: 'float32', dims: [3], data: new Float32Array(2) };
    expect(() => torchParts(new Map([['w', wrong]]))).toThrow('tensor w: expected 3 values for [3], got 2');
    const vast = { kind: 'computed' as const, dtype: 'float32' as const, shape: [2 ** 30], compute: () => Promise.resolve(wrong) };
    expect(() => torchParts(new Map([['w', vast]]))).toThrow('less than 4 GB');
    await expect(buffer(safetensorsParts(new Map([['w', { ...vast, shape: [4] }]])))).rejects.toThrow('expected 4 values for [4], got 2');
  });
});
