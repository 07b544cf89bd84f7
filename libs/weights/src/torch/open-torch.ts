// Files of torch.save, in its zip format and in the one before: the pickle is read as data, the tensors stay where they lie.
import type { FileHandle } from 'node:fs/promises';
import { err } from '../errors.ts';
import { readBytes } from '../file-bytes.ts';
import type { StoredTensor } from '../stored-tensor.ts';
import { elementBytes, placeTensors } from './place-tensors.ts';
import { stateDict } from './state-dict.ts';
import { unpickle } from './unpickle.ts';
import { Damage, isCount, say, type Pickled, type Storage, type TorchTensor } from './values.ts';
import { openArchive, type Range } from './zip.ts';

/** Pickles hold no numbers of tensors: those of checkpoints with thousands of tensors are below a megabyte. */
const MAX_PICKLE = 32 * 2 ** 20;
/** What the legacy format begins with, and its version. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;

export interface TorchFile {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}
/** Where the storages are that the tensors need. `null`: the file does not hold it. */
type Places = ReadonlyMap<string, Range | null>;
interface Opened {
  readonly root: Pickled;
  places(tensors: Iterable<TorchTensor>): Promise<Places>;
}

/** Throws WEIGHTS_PICKLE for a file that names anything but data, WEIGHTS_TORCH with all problems for a damaged one. */
export async function openTorch(file: string, handle: FileHandle, format: 'torch-zip' | 'torch-legacy'): Promise<TorchFile> {
  try {
    const { size } = await handle.stat();
    const { root, places } = await (format === 'torch-zip' ? openZip : openLegacy)(file, handle, size);
    const { tensors, metadata } = stateDict(root);
    const found = await places(tensors.values());
    return { tensors: await placeTensors(file, handle, size, tensors, found), metadata };
  } catch (error) {
    throw error instanceof Damage ? err.TORCH(file, error.message.split('\n')) : error;
  }
}

/** One pickle of the file as data. Throws WEIGHTS_PICKLE with every name in it that is refused. */
function data(
  file: string,
  bytes: Buffer,
  start: number,
): { readonly value: Pickled; readonly end: number; readonly storages: ReadonlyMap<string, Storage> } {
  const { refused, ...read } = unpickle(bytes, start);
  if (refused.size > 0) throw err.PICKLE(file, [...refused]);
  return read;
}

async function openZip(file: string, handle: FileHandle, size: number): Promise<Opened> {
  const archive = await openArchive(handle, size);
  if (archive.names.has('constants.pkl')) throw new Damage('the archive: expected saved weights, got a TorchScript program');
  const order = archive.names.has('byteorder') ? (await archive.read('byteorder', 16)).toString('latin1').trim() : 'little';
  if (order !== 'little') throw new Damage(`byteorder: expected little, got ${say(order)}`);
  return {
    root: data(file, await archive.read('data.pkl', MAX_PICKLE), 0).value,
    async places(tensors) {
      const places = new Map<string, Range | null>();
      for (const {
        storage: { key },
      } of tensors)
        if (!places.has(key)) places.set(key, await archive.find(`data/${key}`));
      return places;
    },
  };
}

async function openLegacy(file: string, handle: FileHandle, size: number): Promise<Opened> {
  const bytes = await readBytes(handle, 0, Math.min(size, MAX_PICKLE));
  let at = 0;
  let storages: ReadonlyMap<string, Storage> = new Map();
  const next = (): Pickled => {
    const read = data(file, bytes, at);
    at = read.end;
    if (read.storages.size > 0) storages = read.storages;
    return read.value;
  };
  const magic = next();
  if (magic !== MAGIC) throw new Damage(`the first value: expected the mark of torch.save, got ${say(magic)}`);
  const protocol = next();
  if (protocol !== PROTOCOL) throw new Damage(`the format's version: expected ${PROTOCOL}, got ${say(protocol)}`);
  const system = next();
  if (!(system instanceof Map) || system.get('little_endian') !== true)
    throw new Damage(`the system: expected little_endian, got ${say(system)}`);
  const root = next();
  const keys = next();
  if (!Array.isArray(keys) || !keys.every((key) => typeof key === 'string'))
    throw new Damage(`the storages: expected a list of names, got ${say(keys)}`);
  return { root, places: () => legacyPlaces(handle, size, at, keys, storages) };
}

/** Storages follow each other in the order of their names, each after the count of its elements; those past the end of the file are not there. */
async function legacyPlaces(
  handle: FileHandle,
  size: number,
  start: number,
  keys: readonly string[],
  storages: ReadonlyMap<string, Storage>,
): Promise<Places> {
  const places = new Map<string, Range | null>();
  let at = start;
  for (const key of keys) {
    const head = at + 8 <= size ? await readBytes(handle, at, 8) : null;
    if (!head || head.length < 8) break;
    const count = Number(head.readBigInt64LE());
    const storage = storages.get(key);
    if (!isCount(count)) throw new Damage(`storage ${say(key)}: expected a count of elements, got ${count}`);
    if (!storage) throw new Damage(`storage ${say(key)}: expected a tensor that says what its elements are, got none`);
    places.set(key, { offset: at + 8, length: count * elementBytes(storage.element) });
    at += 8 + count * elementBytes(storage.element);
  }
  return places;
}
