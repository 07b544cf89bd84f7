// Writes safetensors in one step: the file is there whole or not at all.
import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { byteSize, type Tensor } from '@facewright/tensor';
import { err, reason } from '../errors.ts';
import { bytesOf, checkLength, shapeOf, tensorParts, type WrittenTensor } from '../written-tensor.ts';
import { safetensorsName } from './dtypes.ts';

interface Layout {
  readonly head: Uint8Array;
  readonly ordered: readonly (readonly [name: string, tensor: WrittenTensor])[];
}

/** Wider types come first, so that every tensor is aligned to its element. Throws WEIGHTS_TENSOR when data and dims disagree. */
function layOut(tensors: ReadonlyMap<string, WrittenTensor>, metadata: Readonly<Record<string, string>>): Layout {
  const ordered = [...tensors].sort(([, a], [, b]) => byteSize(b.dtype) - byteSize(a.dtype));
  const header: Record<string, unknown> = Object.keys(metadata).length > 0 ? { __metadata__: metadata } : {};
  let end = 0;
  for (const [name, tensor] of ordered) {
    if (name === '__metadata__') throw err.TENSOR(name, 'another name, as this one is taken by the format', name);
    if (!('kind' in tensor)) checkLength(name, tensor, tensor.data.byteLength, tensor.dtype);
    header[name] = { dtype: safetensorsName.get(tensor.dtype), shape: shapeOf(tensor), data_offsets: [end, (end += bytesOf(tensor))] };
  }
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, ' ');
  head.writeBigUInt64LE(BigInt(head.length - 8));
  json.copy(head, 8);
  return { head, ordered };
}

/** A whole safetensors file in memory, for what is small or goes into a store. Throws WEIGHTS_TENSOR. */
export function safetensorsBytes(tensors: ReadonlyMap<string, Tensor>, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const { head, ordered } = layOut(tensors, metadata);
  const data = ordered.map(([name]) => tensors.get(name)!.data);
  return Buffer.concat([head, ...data.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength))]);
}

/** A safetensors file in parts, never whole in memory. Throws WEIGHTS_TENSOR at once, and while it is read what tensorParts throws. */
export function safetensorsParts(
  tensors: ReadonlyMap<string, WrittenTensor>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array> {
  return partsOf(layOut(tensors, metadata));
}

async function* partsOf({ head, ordered }: Layout): AsyncGenerator<Uint8Array> {
  yield head;
  for (const [name, tensor] of ordered) yield* tensorParts(name, tensor);
}

/**
 * Writes tensors under their names; Python's safetensors reads the file.
 * The data goes to a new file beside `file` that takes its place at the end: a crash or a full disk leaves what was there before.
 * Throws WEIGHTS_TENSOR when data and dims disagree, WEIGHTS_UNWRITABLE when the disk refuses.
 */
export async function writeSafetensors(
  file: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const parts = safetensorsParts(tensors, metadata);
  const temporary = join(dirname(file), `.${basename(file)}.${randomUUID()}.tmp`);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(parts);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw err.UNWRITABLE(file, reason(error));
  }
}
