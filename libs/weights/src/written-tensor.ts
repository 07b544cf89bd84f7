// What goes into a file: tensors in memory, tensors of other files, and tensors that are computed when their turn comes.
import { byteSize, sizeOf, type DType, type Shape, type Tensor } from '@facewright/tensor';
import { err } from './errors.ts';
import { openFile, readBytes } from './file-bytes.ts';
import { readTensors, type StoredTensor } from './stored-tensor.ts';

/** A tensor that is made when it is written, so that no more than one of them is in memory. Made again for each pass over it. */
export interface ComputedTensor {
  readonly kind: 'computed';
  readonly dtype: DType;
  readonly shape: Shape;
  compute(): Promise<Tensor>;
}
export type WrittenTensor = Tensor | StoredTensor | ComputedTensor;

export const shapeOf = (tensor: WrittenTensor): Shape => ('kind' in tensor ? tensor.shape : tensor.dims);
export const bytesOf = (tensor: WrittenTensor): number => sizeOf(shapeOf(tensor)) * byteSize(tensor.dtype);

/** Bytes that are read from a file at once. */
const piece = 16 * 2 ** 20;

/** The bytes of a tensor, those of other files a piece at a time. Throws WEIGHTS_TENSOR when data and shape disagree, WEIGHTS_UNREADABLE. */
export async function* tensorParts(name: string, tensor: WrittenTensor): AsyncGenerator<Uint8Array> {
  if (!('kind' in tensor) || tensor.kind !== 'file') {
    const { dtype, data } = 'kind' in tensor ? (tensor.kind === 'computed' ? await tensor.compute() : tensor.tensor) : tensor;
    checkLength(name, tensor, data.byteLength, dtype);
    if (data.byteLength > 0) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    return;
  }
  checkLength(name, tensor, tensor.length, tensor.dtype);
  const handle = await openFile(tensor.file);
  try {
    for (let done = 0; done < tensor.length;) {
      const bytes = await readBytes(handle, tensor.offset + done, Math.min(piece, tensor.length - done));
      if (bytes.length === 0) throw err.UNREADABLE(tensor.file, `only ${done} of ${tensor.length} bytes of ${name}`);
      done += bytes.length;
      yield bytes;
    }
  } finally {
    await handle.close();
  }
}

/** Throws WEIGHTS_TENSOR. */
export function checkLength(name: string, tensor: WrittenTensor, bytes: number, dtype: DType): void {
  if (dtype !== tensor.dtype) throw err.TENSOR(name, tensor.dtype, dtype);
  if (bytes !== bytesOf(tensor))
    throw err.TENSOR(name, `${sizeOf(shapeOf(tensor))} values for [${shapeOf(tensor).join(', ')}]`, `${bytes / byteSize(tensor.dtype)}`);
}

/** A tensor as one of memory. Throws as tensorParts. */
export async function tensorOf(name: string, tensor: WrittenTensor): Promise<Tensor> {
  if (!('kind' in tensor)) return tensor;
  return tensor.kind === 'computed' ? tensor.compute() : (await readTensors(new Map([[name, tensor]]))).get(name)!;
}
