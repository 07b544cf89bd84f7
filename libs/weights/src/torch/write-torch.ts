// Writes state dicts as torch.save does, in its zip format: torch.load(weights_only=True) reads them.
import { crc32 } from 'node:zlib';
import { err } from '../errors.ts';
import { bytesOf, checkLength, shapeOf, tensorParts, type WrittenTensor } from '../written-tensor.ts';
import { stateDictPickle, storageNames } from './pickle-writer.ts';

interface Entry {
  readonly name: string;
  readonly size: number;
  /** Read twice: for the checksum, which stands before the data, and for the data. */
  parts(): AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

/** Where torch.save puts storages, so that they can be mapped into memory. */
const alignment = 64;
/** Sizes and places are 32-bit numbers in a plain zip. */
const limit = 0xffffffff;
const maxEntries = 0xffff;

/**
 * A .pt file in parts, never whole in memory: an OrderedDict of row-major tensors in the order of the map, each with a storage of its own; tensors of other files are read
 * twice. Throws WEIGHTS_TENSOR at once for an element type that PyTorch's storages lack and for more than 4 GB, and while it is read what tensorParts throws.
 */
export function torchParts(tensors: ReadonlyMap<string, WrittenTensor>): AsyncGenerator<Uint8Array> {
  const ordered = [...tensors];
  for (const [name, tensor] of ordered) {
    if (!(tensor.dtype in storageNames)) throw err.TENSOR(name, `an element type of ${Object.keys(storageNames).join(', ')}`, tensor.dtype);
    if (!('kind' in tensor)) checkLength(name, tensor, tensor.data.byteLength, tensor.dtype);
  }
  const pickle = stateDictPickle(ordered.map(([name, tensor]) => ({ name, dtype: tensor.dtype, shape: shapeOf(tensor) })));
  const small = (name: string, data: Uint8Array): Entry => ({ name, size: data.length, parts: () => [data] });
  const entries = [
    small('data.pkl', pickle),
    small('byteorder', Buffer.from('little')),
    ...ordered.map(([name, tensor], i): Entry => ({ name: `data/${i}`, size: bytesOf(tensor), parts: () => tensorParts(name, tensor) })),
    small('version', Buffer.from('3\n')),
  ];
  const total = entries.reduce((sum, { name, size }) => sum + size + 2 * (name.length + 100) + alignment, 0);
  if (total > limit || entries.length > maxEntries)
    throw err.TENSOR(ordered[0]?.[0] ?? '', 'tensors of less than 4 GB together in a .pt file', `${total} bytes: write safetensors`);
  return archive(entries);
}

async function* archive(entries: readonly Entry[]): AsyncGenerator<Uint8Array> {
  const directory: Buffer[] = [];
  let at = 0;
  for (const { name: own, size, parts } of entries) {
    const name = Buffer.from(`archive/${own}`);
    let crc = 0;
    for await (const part of parts()) crc = crc32(part, crc);
    const common = commonFields(crc, size, name.length);
    const unpadded = at + 30 + name.length + 4;
    const padding = Buffer.alloc(4 + ((alignment - (unpadded % alignment)) % alignment), 'Z');
    padding.write('FB', 'latin1');
    padding.writeUInt16LE(padding.length - 4, 2);
    const length = Buffer.alloc(2);
    length.writeUInt16LE(padding.length);
    const header = Buffer.concat([signature.local, common, length, name, padding]);
    directory.push(Buffer.concat([signature.entry, versionMade, common, Buffer.alloc(12), uint32(at), name]));
    yield header;
    yield* parts();
    at += header.length + size;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  signature.end.copy(end);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(at, 16);
  yield Buffer.concat([central, end]);
}

const signature = { local: Buffer.from('PK\x03\x04'), entry: Buffer.from('PK\x01\x02'), end: Buffer.from('PK\x05\x06') };
const versionMade = Buffer.from([20, 0]);
/** 1980-01-01, the first day that a zip can name: equal tensors give equal files. */
const firstDay = 0x21;

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

/** What both headers of an entry have, from the version to the length of the name: stored, not compressed. */
function commonFields(crc: number, size: number, nameLength: number): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeUInt16LE(20, 0);
  bytes.writeUInt16LE(firstDay, 8);
  bytes.writeUInt32LE(crc, 10);
  bytes.writeUInt32LE(size, 14);
  bytes.writeUInt32LE(size, 18);
  bytes.writeUInt16LE(nameLength, 22);
  return bytes;
}
