// Reads safetensors: the header strictly, the tensors where they lie.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { byteSize, sizeOf, type DataOf, type DType, type Shape, type Tensor } from '@facewright/tensor';
import { err, reason } from '../errors.ts';
import { dtypes } from './dtypes.ts';
import { duplicateKeys } from './duplicate-keys.ts';

/** A tensor in a file, of the form that a graph takes as the data of a parameter: nothing is copied. `offset` counts from the start of the file; both in bytes. */
export interface FileTensor {
  readonly kind: 'file';
  readonly dtype: DType;
  readonly shape: Shape;
  readonly file: string;
  readonly offset: number;
  readonly length: number;
}

export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, FileTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Largest header that the reference implementation accepts. */
const maxHeader = 100_000_000;

/**
 * Reads and checks the header of a safetensors file; the tensors stay on disk.
 * Throws WEIGHTS_UNREADABLE when the file cannot be opened and WEIGHTS_SAFETENSORS with all problems, each naming its tensor, for a header that is
 * truncated, too long, not JSON, names a tensor twice, or whose offsets leave the file, overlap, leave holes or contradict dtype and shape.
 */
export async function readSafetensorsHeader(file: string): Promise<SafetensorsHeader> {
  const handle = await openFile(file);
  try {
    const { size } = await handle.stat();
    if (size < 8) throw err.SAFETENSORS(file, [`size: expected at least 8 bytes, got ${size}`]);
    const declared = (await readBytes(handle, 0, 8)).readBigUInt64LE();
    if (declared > maxHeader) throw err.SAFETENSORS(file, [`header length: expected at most ${maxHeader} bytes, got ${declared}`]);
    const start = 8 + Number(declared);
    if (start > size)
      throw err.SAFETENSORS(file, [`header length: expected at most the ${size - 8} bytes that the file holds, got ${declared}`]);
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    let json: string, header: unknown;
    try {
      json = text.decode(await readBytes(handle, 8, Number(declared)));
      header = JSON.parse(json);
    } catch (error) {
      throw err.SAFETENSORS(file, [`header: expected JSON in UTF-8, got ${reason(error)}`]);
    }
    if (!isObject(header)) throw err.SAFETENSORS(file, ['header: expected a JSON object, got another value']);
    const problems = duplicateKeys(json).map((name) => `${name}: expected one entry, got several`);
    const metadata = readMetadata(header['__metadata__'], problems);
    const tensors = new Map<string, FileTensor>();
    const beyond: Beyond = new Map();
    for (const [name, entry] of Object.entries(header)) {
      if (name === '__metadata__') continue;
      const tensor = readEntry(name, entry, { file, start, size, beyond }, problems);
      if (tensor) tensors.set(name, tensor);
    }
    problems.push(...sayBeyond(beyond, size - start));
    if (problems.length === 0) checkLayout(tensors, start, size, problems);
    if (problems.length > 0) throw err.SAFETENSORS(file, problems);
    return { tensors, metadata };
  } finally {
    await handle.close();
  }
}

/** Tensors whose data would end past the end of the file, with that end. */
type Beyond = Map<string, number>;
const NAMED = 3;

/** A file cut short leaves many tensors beyond its end: the first are named, the rest counted. */
function sayBeyond(beyond: Beyond, bytes: number): string[] {
  const named = [...beyond]
    .slice(0, NAMED)
    .map(([name, end]) => `${name}: expected data within the ${bytes} bytes of data, got an end at ${end}`);
  const rest = beyond.size - named.length;
  return rest > 0
    ? [
        `the file is cut short: expected ${Math.max(...beyond.values())} bytes of data, got ${bytes}`,
        ...named,
        `and ${rest} more tensors end past the end of the file`,
      ]
    : named;
}

/** Reads tensors of one or several files into memory. Throws WEIGHTS_UNREADABLE. */
export async function readTensors(tensors: ReadonlyMap<string, FileTensor>): Promise<Map<string, Tensor>> {
  const handles = new Map<string, FileHandle>();
  const result = new Map<string, Tensor>();
  try {
    for (const [name, tensor] of tensors) {
      const handle = handles.get(tensor.file) ?? (await openFile(tensor.file));
      handles.set(tensor.file, handle);
      const bytes = await readBytes(handle, tensor.offset, tensor.length);
      if (bytes.length < tensor.length) throw err.UNREADABLE(tensor.file, `only ${bytes.length} of ${tensor.length} bytes of ${name}`);
      result.set(name, { dtype: tensor.dtype, dims: tensor.shape, data: view(tensor.dtype, bytes) } as Tensor);
    }
  } finally {
    await Promise.all([...handles.values()].map((handle) => handle.close()));
  }
  return result;
}

async function openFile(file: string): Promise<FileHandle> {
  try {
    return await open(file, 'r');
  } catch (error) {
    throw err.UNREADABLE(file, reason(error));
  }
}

async function readBytes(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.from(new ArrayBuffer(length));
  let done = 0;
  while (done < length) {
    const { bytesRead } = await handle.read(buffer, done, length - done, position + done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return buffer.subarray(0, done);
}

function view(dtype: DType, { buffer, byteLength }: Buffer): DataOf[DType] {
  const count = byteLength / byteSize(dtype);
  switch (dtype) {
    case 'float32':
      return new Float32Array(buffer as ArrayBuffer, 0, count);
    case 'float64':
      return new Float64Array(buffer as ArrayBuffer, 0, count);
    case 'float16':
    case 'bfloat16':
      return new Uint16Array(buffer as ArrayBuffer, 0, count);
    case 'int64':
      return new BigInt64Array(buffer as ArrayBuffer, 0, count);
    case 'int32':
      return new Int32Array(buffer as ArrayBuffer, 0, count);
    case 'int8':
      return new Int8Array(buffer as ArrayBuffer, 0, count);
    case 'uint8':
    case 'bool':
      return new Uint8Array(buffer as ArrayBuffer, 0, count);
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function readMetadata(value: unknown, problems: string[]): Record<string, string> {
  if (value === undefined) return {};
  if (isObject(value) && Object.values(value).every((v) => typeof v === 'string')) return value as Record<string, string>;
  problems.push('__metadata__: expected an object of strings, got another value');
  return {};
}

function readEntry(
  name: string,
  entry: unknown,
  { file, start, size, beyond }: { file: string; start: number; size: number; beyond: Beyond },
  problems: string[],
): FileTensor | null {
  const before = problems.length;
  const { dtype: type, shape, data_offsets: offsets } = isObject(entry) ? entry : {};
  const dtype = dtypes.get(String(type));
  if (!dtype) problems.push(`${name}: expected a dtype of ${[...dtypes.keys()].join(', ')}, got ${JSON.stringify(type) ?? 'none'}`);
  const shaped = Array.isArray(shape) && shape.every(isCount);
  if (!shaped) problems.push(`${name}: expected a shape of whole numbers from 0, got ${JSON.stringify(shape) ?? 'none'}`);
  const [from, to] = Array.isArray(offsets) && offsets.length === 2 ? (offsets as unknown[]) : [];
  if (!isCount(from) || !isCount(to) || from > to)
    problems.push(`${name}: expected data_offsets [begin, end] with 0 <= begin <= end, got ${JSON.stringify(offsets) ?? 'none'}`);
  else if (start + to > size) beyond.set(name, to);
  else if (dtype && shaped) {
    const want = sizeOf(shape as number[]) * byteSize(dtype);
    if (to - from !== want) problems.push(`${name}: expected ${want} bytes for ${String(type)} [${shape.join(', ')}], got ${to - from}`);
  }
  if (problems.length > before || beyond.has(name)) return null;
  return {
    kind: 'file',
    dtype: dtype!,
    shape: shape as number[],
    file,
    offset: start + (from as number),
    length: (to as number) - (from as number),
  };
}

/** Tensors must fill the data exactly, without holes or overlaps. */
function checkLayout(tensors: ReadonlyMap<string, FileTensor>, start: number, size: number, problems: string[]): void {
  let end = start;
  let last = 'the header';
  for (const [name, { offset, length }] of [...tensors].sort(([, a], [, b]) => a.offset - b.offset || a.length - b.length)) {
    if (offset < end) problems.push(`${name}: expected to begin after ${last} at ${end - start}, got an overlap from ${offset - start}`);
    if (offset > end) problems.push(`${name}: expected to begin where ${last} ends at ${end - start}, got a hole up to ${offset - start}`);
    end = Math.max(end, offset + length);
    last = name;
  }
  if (end < size) problems.push(`data: expected to end with ${last} at ${end - start}, got ${size - end} bytes more`);
}
