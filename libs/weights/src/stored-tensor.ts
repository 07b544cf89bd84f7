// Tensors of weight files: where they lie, or in memory.
import type { FileHandle } from 'node:fs/promises';
import type { DType, Shape, Tensor } from '@facewright/tensor';
import { err } from './errors.ts';
import { elementsOf, openFile, readBytes } from './file-bytes.ts';

/** A tensor in a file, of the form that a graph takes as the data of a parameter: nothing is copied. `offset` counts from the start of the file; both in bytes. */
export interface FileTensor {
  readonly kind: 'file';
  readonly dtype: DType;
  readonly shape: Shape;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}
/** A tensor that its file does not hold row by row, so that it had to be read. */
export interface MemoryTensor {
  readonly kind: 'memory';
  readonly dtype: DType;
  readonly shape: Shape;
  readonly tensor: Tensor;
}
export type StoredTensor = FileTensor | MemoryTensor;

export const inMemory = (tensor: Tensor): MemoryTensor => ({ kind: 'memory', dtype: tensor.dtype, shape: tensor.dims, tensor });

/** The same numbers in another shape of as many elements. */
export const reshaped = (stored: StoredTensor, shape: Shape): StoredTensor =>
  stored.kind === 'file' ? { ...stored, shape } : inMemory({ ...stored.tensor, dims: shape });

/** Reads tensors of one or several files into memory; those that are there already are given as they are. Throws WEIGHTS_UNREADABLE. */
export async function readTensors(tensors: ReadonlyMap<string, StoredTensor>): Promise<Map<string, Tensor>> {
  const handles = new Map<string, FileHandle>();
  const result = new Map<string, Tensor>();
  try {
    for (const [name, stored] of tensors) {
      if (stored.kind === 'memory') {
        // a stored tensor may have been given another shape than the array beneath it
        result.set(name, { ...stored.tensor, dims: stored.shape });
        continue;
      }
      const handle = handles.get(stored.file) ?? (await openFile(stored.file));
      handles.set(stored.file, handle);
      const bytes = await readBytes(handle, stored.offset, stored.length);
      if (bytes.length < stored.length) throw err.UNREADABLE(stored.file, `only ${bytes.length} of ${stored.length} bytes of ${name}`);
      result.set(name, { dtype: stored.dtype, dims: stored.shape, data: elementsOf(stored.dtype, bytes) } as Tensor);
    }
  } finally {
    await Promise.all([...handles.values()].map((handle) => handle.close()));
  }
  return result;
}
