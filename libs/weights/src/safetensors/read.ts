// Reads safetensors: the header strictly, the tensors where they lie.
import { byteSize, sizeOf } from '@facewright/tensor';
import { err, reason } from '../errors.ts';
import { openFile, readBytes } from '../file-bytes.ts';
import { firstFew } from '../first-few.ts';
import type { FileTensor } from '../stored-tensor.ts';
import { dtypes } from './dtypes.ts';
import { duplicateKeys } from './duplicate-keys.ts';

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

/** A file cut short leaves many tensors beyond its end: the first are named, the rest counted. */
function sayBeyond(beyond: Beyond, bytes: number): string[] {
  const each = [...beyond].map(([name, end]) => `${name}: expected data within the ${bytes} bytes of data, got an end at ${end}`);
  const named = firstFew(each, (rest) => `and ${rest} more tensors end past the end of the file`);
  return named.length < each.length
    ? [`the file is cut short: expected ${Math.max(...beyond.values())} bytes of data, got ${bytes}`, ...named]
    : named;
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
