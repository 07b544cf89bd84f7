// Bytes of files: opening, reading at a place, and as the elements of a tensor.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { byteSize, type DataOf, type DType } from '@facewright/tensor';
import { err, reason } from './errors.ts';

/** Throws WEIGHTS_UNREADABLE. */
export async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw err.UNREADABLE(file, reason(error));
  }
}

/** Bytes from a position on, in a buffer of their own; fewer than `length` where the file ends. */
export async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer<ArrayBuffer>> {
  const buffer = Buffer.from(new ArrayBuffer(length));
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

/** A buffer that begins at the start of its memory, as elements of a type; nothing is copied. */
export function elementsOf(dtype: DType, { buffer, byteLength }: Buffer<ArrayBuffer>): DataOf[DType] {
  const count = byteLength / byteSize(dtype);
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer, 0, count);
    case 'float64':
      return new Float64Array(buffer, 0, count);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer, 0, count);
    case 'int64':
      return new BigInt64Array(buffer, 0, count);
    case 'int32':
      return new Int32Array(buffer, 0, count);
    case 'int8':
      return new Int8Array(buffer, 0, count);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer, 0, count);
  }
}
