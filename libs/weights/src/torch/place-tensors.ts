// From views of storages to tensors in a file: checked against the bytes that are there, and read only where the rows do not lie one after the other.
import type { FileHandle } from 'node:fs/promises';
import { byteSize, sizeOf, type Tensor } from '@facewright/tensor';
import { elementsOf, readBytes } from '../file-bytes.ts';
import { firstFew } from '../first-few.ts';
import { inMemory, type StoredTensor } from '../stored-tensor.ts';
import { Damage, type Element, type TorchTensor } from './values.ts';
import type { Range } from './zip.ts';

export const elementBytes = (element: Element): number => (element === 'int16' ? 2 : byteSize(element));
/** What the tensors that must be read may take, for the file and beyond it: enough for any real one, and no multiple of a hostile one. */
const READ_LIMIT = { filesOver: 4, bytes: 64 * 2 ** 20 };

/** Tensors by their names, in their file where they can stay there. `places` has null for a storage that the file lacks and nothing for one past its end. Throws Damage with all problems, a line each. */
export async function placeTensors(
  file: string,
  handle: FileHandle,
  size: number,
  tensors: ReadonlyMap<string, TorchTensor>,
  places: ReadonlyMap<string, Range | null>,
): Promise<Map<string, StoredTensor>> {
  const problems: string[] = [];
  const beyond: string[] = [];
  let left = READ_LIMIT.filesOver * size + READ_LIMIT.bytes;
  const placed = new Map<string, StoredTensor>();
  for (const [name, tensor] of tensors) {
    const { element, storage, shape, strides } = tensor;
    if (typeof element === 'object') {
      problems.push(`${name}: expected an element type of this project, got ${element.unsupported}`);
      continue;
    }
    const place = places.get(storage.key);
    if (place === null) {
      problems.push(`${name}: expected its data in data/${storage.key}, got no such entry`);
      continue;
    }
    const width = elementBytes(element);
    const count = sizeOf(shape);
    const span = count === 0 ? 0 : 1 + shape.reduce((sum, n, i) => sum + (n - 1) * strides[i]!, 0);
    // a view of a legacy file begins within its storage
    const first = storage.start * elementBytes(storage.element) + tensor.offset * width;
    const end = first + span * width;
    if (!Number.isSafeInteger(count * width) || !Number.isSafeInteger(end))
      problems.push(`${name}: expected a shape below 2^53 bytes, got [${shape.join(', ')}]`);
    else if (end > (storage.start + storage.count) * elementBytes(storage.element))
      problems.push(
        `${name}: expected data within the ${storage.count} elements of its storage, got [${shape.join(', ')}] at ${tensor.offset}`,
      );
    else if (place && end > place.length) problems.push(`${name}: expected ${end} bytes of data, got ${place.length}`);
    else if (!place || place.offset + end > size)
      beyond.push(
        `${name}: expected data within the ${size} bytes of the file, got ${place ? `an end at ${place.offset + end}` : 'a beginning past them'}`,
      );
    else if (element !== 'int16' && isContiguous(shape, strides))
      placed.set(name, { kind: 'file', dtype: element, shape, file, offset: place.offset + first, length: count * width });
    else {
      left -= (span + count) * width;
      if (left < 0)
        throw new Damage(`${name}: expected tensors that can be read within ${READ_LIMIT.filesOver} times the file's size, got more`);
      const bytes = await readBytes(handle, place.offset + first, span * width);
      if (bytes.length < span * width) beyond.push(`${name}: expected ${span * width} bytes, got ${bytes.length}`);
      else placed.set(name, inMemory(gather(element, bytes, shape, strides)));
    }
  }
  if (beyond.length > 0)
    problems.push('the file is cut short:', ...firstFew(beyond, (rest) => `and ${rest} more tensors end past the end of the file`));
  if (problems.length > 0) throw new Damage(problems.join('\n'));
  return placed;
}

/** Whether rows follow each other; strides of dimensions of one element say nothing. */
function isContiguous(shape: readonly number[], strides: readonly number[]): boolean {
  let step = 1;
  for (let i = shape.length - 1; i >= 0; i--) {
    if (shape[i]! === 0) return true;
    if (shape[i]! > 1 && strides[i] !== step) return false;
    step *= shape[i]!;
  }
  return true;
}

/** The elements of a view row by row. 16-bit integers, which no model here takes, become 32-bit ones. */
function gather(element: Element, bytes: Buffer<ArrayBuffer>, shape: readonly number[], strides: readonly number[]): Tensor {
  const dtype = element === 'int16' ? 'int32' : element;
  const from = element === 'int16' ? Int32Array.from(new Int16Array(bytes.buffer, 0, bytes.length / 2)) : elementsOf(element, bytes);
  const data = new (from.constructor as new (length: number) => typeof from)(sizeOf(shape));
  const index = shape.map(() => 0);
  let at = 0;
  for (let i = 0; i < data.length; i++) {
    data[i] = from[at]!;
    for (let d = shape.length - 1; d >= 0; d--) {
      at += strides[d]!;
      if (++index[d]! < shape[d]!) break;
      at -= strides[d]! * shape[d]!;
      index[d] = 0;
    }
  }
  return { dtype, dims: shape, data } as Tensor;
}
