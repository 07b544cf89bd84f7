// Checkpoints on disk, a folder a family and a safetensors file a key: unfinished work survives a cancel, a crash and a restart.
import { createHash } from 'node:crypto';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@facewright/core';
import { collectAssets, err as engineErr, highest, keptOfFamily, type CheckpointKey, type CheckpointStore } from '@facewright/engine';
import { CodedError, type Tensor, type Tensors } from '@facewright/tensor';
import { readSafetensorsHeader, readTensors, writeSafetensors } from '@facewright/weights';
import type { AssetStore } from './asset-store.ts';

/** Data lies as JSON in the file's metadata, with the digest of it and of every tensor. */
const digestOf = (data: string, tensors: ReadonlyMap<string, Tensor>): string => {
  const hash = createHash('sha256').update(data);
  for (const name of [...tensors.keys()].sort()) {
    const { data: numbers } = tensors.get(name)!;
    hash.update(name).update(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  }
  return hash.digest('hex');
};

export function createCheckpointStore(folder: string, assets: Pick<AssetStore, 'find'>): CheckpointStore {
  const fileOf = ({ family, own }: CheckpointKey) => join(folder, family.slice(0, 2), family, `${own}.safetensors`);
  /** Files of the family, newest first; pieces of writing that a crash cut off begin with a dot. */
  const membersOf = async (key: CheckpointKey) => {
    const shelf = dirname(fileOf(key));
    const names = await readdir(shelf).catch(() => []);
    const files = await Promise.all(
      names.map(async (name) => ({ path: join(shelf, name), time: (await stat(join(shelf, name)).catch(() => null))?.mtimeMs ?? 0 })),
    );
    return files.sort((a, b) => b.time - a.time).map(({ path }) => path);
  };
  const isWhole = (path: string) => path.endsWith('.safetensors');
  const read = async (file: string) => {
    let data: unknown, tensors: ReadonlyMap<string, Tensor>;
    try {
      const header = await readSafetensorsHeader(file);
      tensors = await readTensors(header.tensors);
      const { data: text = '', digest } = header.metadata;
      if (digestOf(text, tensors) !== digest) throw engineErr.BAD_CHECKPOINT('another digest than it was saved with');
      data = JSON.parse(text);
    } catch (error) {
      throw error instanceof CodedError && error.code === 'ENGINE_BAD_CHECKPOINT' ? error : engineErr.BAD_CHECKPOINT(messageOf(error));
    }
    for (const { id, bytes } of collectAssets(data))
      if (!(await assets.find(id, bytes))) throw engineErr.BAD_CHECKPOINT(`one that needs asset ${id}, which is gone`);
    return { data, ...(tensors.size > 0 && { tensors: Object.fromEntries(tensors) satisfies Tensors }) };
  };
  /** Without the tensors, which may take gigabytes; undefined where it cannot be read. */
  const dataOf = (path: string): Promise<unknown> =>
    readSafetensorsHeader(path).then(
      ({ metadata }) => JSON.parse(metadata['data'] ?? '') as unknown,
      () => undefined,
    );
  return {
    async load(key) {
      const file = fileOf(key);
      return (await stat(file).catch(() => null)) === null ? null : read(file);
    },
    async related(key, rank) {
      const others = (await membersOf(key)).filter((path) => isWhole(path) && path !== fileOf(key));
      const found = await Promise.all(others.map(async (path) => ({ path, data: await dataOf(path) })));
      const best = highest(found, ({ data }) => (data === undefined ? -Infinity : rank(data)));
      return best ? read(best.path) : null;
    },
    async save(key, { data, tensors = {} }) {
      const file = fileOf(key);
      const named = new Map(Object.entries(tensors));
      const text = JSON.stringify(data);
      await mkdir(dirname(file), { recursive: true });
      // What a crash left of an earlier writing takes as much room as a whole one.
      for (const piece of (await membersOf(key)).filter((path) => !isWhole(path))) await rm(piece, { force: true });
      await writeSafetensors(file, named, { data: text, digest: digestOf(text, named) });
      for (const old of (await membersOf(key)).slice(keptOfFamily)) await rm(old, { force: true });
    },
    remove: (key) => rm(fileOf(key), { force: true }),
    savedAt: (key) =>
      stat(fileOf(key)).then(
        ({ mtime }) => mtime,
        () => null,
      ),
  };
}
