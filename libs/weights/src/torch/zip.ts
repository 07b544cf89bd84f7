// The zip format of torch.save: finds entries that lie uncompressed in the file, and reads none of their data but the pickle.
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { readBytes } from '../file-bytes.ts';
import { Damage, say } from './values.ts';

/** A part of the file, in bytes. */
export interface Range {
  readonly offset: number;
  readonly length: number;
}
interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly packed: number;
  readonly size: number;
  readonly header: number;
}

const MAX_DIRECTORY = 64 * 2 ** 20;
const MAX_ENTRIES = 200_000;
const END_BYTES = 22;
const MAX_COMMENT = 0xffff;
const signature = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
const FULL16 = 0xffff;
const FULL32 = 0xffffffff;

export interface Archive {
  /** Names of all entries, without the folder that holds them all. */
  readonly names: ReadonlySet<string>;
  /** Where the data of an entry is; null for an entry that is not there. Throws Damage for one that is compressed or leaves the file. */
  find(name: string): Promise<Range | null>;
  /** The data of an entry, which must be there. Throws Damage also for one above `limit` bytes or whose checksum is wrong. */
  read(name: string, limit: number): Promise<Buffer<ArrayBuffer>>;
}

/** Opens the archive in a file of `size` bytes. Throws Damage for one that is cut short, or without a data.pkl. */
export async function openArchive(handle: FileHandle, size: number): Promise<Archive> {
  const entries = await readDirectory(handle, size);
  const roots = [...entries.keys()].filter((name) => /^(.*\/)?data\.pkl$/.test(name)).sort((a, b) => a.length - b.length);
  if (roots.length === 0) throw new Damage('the archive: expected an entry data.pkl as torch.save writes it, got none');
  const root = roots[0]!.slice(0, -'data.pkl'.length);

  const locate = async (entry: Entry): Promise<Range> => {
    if (entry.method !== 0 || entry.packed !== entry.size)
      throw new Damage(`entry ${say(entry.name)}: expected uncompressed data, got compression ${entry.method}`);
    const local = await readBytes(handle, entry.header, 30);
    if (local.length < 30 || local.readUInt32LE(0) !== signature.local)
      throw new Damage(`entry ${say(entry.name)}: expected its header at byte ${entry.header}`);
    const offset = entry.header + 30 + local.readUInt16LE(26) + local.readUInt16LE(28);
    if (offset + entry.size > size)
      throw new Damage(
        `entry ${say(entry.name)}: expected data within the ${size} bytes of the file, got an end at ${offset + entry.size}`,
      );
    return { offset, length: entry.size };
  };
  return {
    names: new Set([...entries.keys()].filter((name) => name.startsWith(root)).map((name) => name.slice(root.length))),
    async find(name) {
      const entry = entries.get(root + name);
      return entry ? locate(entry) : null;
    },
    async read(name, limit) {
      const entry = entries.get(root + name);
      if (!entry) throw new Damage(`the archive: expected an entry ${name}, got none`);
      if (entry.size > limit) throw new Damage(`entry ${say(entry.name)}: expected at most ${limit} bytes, got ${entry.size}`);
      const { offset, length } = await locate(entry);
      const data = await readBytes(handle, offset, length);
      // torch.save can be told to leave checksums out, and then writes 0
      if (data.length < length || (entry.crc !== 0 && crc32(data) !== entry.crc))
        throw new Damage(`entry ${say(entry.name)}: expected data with the checksum ${entry.crc}, got other bytes`);
      return data;
    },
  };
}

async function readDirectory(handle: FileHandle, size: number): Promise<Map<string, Entry>> {
  const { offset, length, count } = await readEnd(handle, size);
  if (length > MAX_DIRECTORY || count > MAX_ENTRIES || offset + length > size)
    throw new Damage(
      `the directory of the archive: expected at most ${MAX_ENTRIES} entries within the file, got ${count} in ${length} bytes at ${offset}`,
    );
  const bytes = await readBytes(handle, offset, length);
  const entries = new Map<string, Entry>();
  let at = 0;
  for (let i = 0; i < count; i++) {
    const fail = () => new Damage(`the directory of the archive: expected entry ${i + 1} of ${count} at byte ${offset + at}`);
    if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== signature.entry) throw fail();
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => bytes.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const [name, extra, end] = [at + 46, at + 46 + nameLength, at + 46 + nameLength + extraLength];
    if (end + commentLength > bytes.length) throw fail();
    const wide = readExtra(bytes.subarray(extra, end));
    // Zip64: fields that are full stand in the extra data, in this order.
    const field = (position: number): number => {
      const value = bytes.readUInt32LE(at + position);
      return value === FULL32 ? (wide.shift() ?? value) : value;
    };
    const entrySize = field(24);
    const packed = field(20);
    const header = field(42);
    const entry: Entry = {
      name: bytes.toString('utf8', name, extra),
      method: bytes.readUInt16LE(at + 10),
      crc: bytes.readUInt32LE(at + 16),
      size: entrySize,
      packed,
      header,
    };
    if (entries.has(entry.name)) throw new Damage(`the archive: expected one entry ${say(entry.name)}, got several`);
    entries.set(entry.name, entry);
    at = end + commentLength;
  }
  return entries;
}

/** Where the directory is, from the record at the end of the file. */
async function readEnd(handle: FileHandle, size: number): Promise<Range & { readonly count: number }> {
  const length = Math.min(size, END_BYTES + MAX_COMMENT);
  const tail = await readBytes(handle, size - length, length);
  let at = tail.length - END_BYTES;
  while (at >= 0 && (tail.readUInt32LE(at) !== signature.end || at + END_BYTES + tail.readUInt16LE(at + 20) !== tail.length)) at--;
  if (at < 0) throw new Damage('the file is cut short: expected the directory of its archive at the end, got none');
  const end = { count: tail.readUInt16LE(at + 10), length: tail.readUInt32LE(at + 12), offset: tail.readUInt32LE(at + 16) };
  const locator = at - 20;
  const isWide = end.count === FULL16 || end.length === FULL32 || end.offset === FULL32;
  if (!isWide || locator < 0 || tail.readUInt32LE(locator) !== signature.locator64) return end;
  const record = await readBytes(handle, wideNumber(tail, locator + 8), 56);
  if (record.length < 56 || record.readUInt32LE(0) !== signature.end64)
    throw new Damage('the archive: expected its zip64 record before the end of the file, got none');
  return { count: wideNumber(record, 32), length: wideNumber(record, 40), offset: wideNumber(record, 48) };
}

/** The 64-bit numbers of the zip64 field among the extra fields of an entry. */
function readExtra(extra: Buffer): number[] {
  let at = 0;
  while (at + 4 <= extra.length) {
    const [id, length] = [extra.readUInt16LE(at), extra.readUInt16LE(at + 2)];
    if (id === 1 && at + 4 + length <= extra.length)
      return Array.from({ length: Math.floor(length / 8) }, (_, i) => wideNumber(extra, at + 4 + 8 * i));
    at += 4 + length;
  }
  return [];
}

function wideNumber(bytes: Buffer, at: number): number {
  const value = bytes.readBigUInt64LE(at);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Damage(`the archive: expected sizes below 2^53, got ${value}`);
  return Number(value);
}
