// Checkpoints on disk, one safetensors file a key: unfinished work survives a cancel, a crash and a restart.
import { createHash } from 'node:crypto';
import { mkdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '@facewright/core';
import { collectAssets, err as engineErr, type CheckpointStore } from '@facewright/engine';
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
  const fileOf = (key: string) => join(folder, key.slice(0, 2), `${key}.safetensors`);
  return {
    async load(key) {
      const file = fileOf(key);
      if ((await stat(file).catch(() => null)) === null) return null;
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
    },
    async save(key, { data, tensors = {} }) {
      const file = fileOf(key);
      const named = new Map(Object.entries(tensors));
      const text = JSON.stringify(data);
      await mkdir(dirname(file), { recursive: true });
      await writeSafetensors(file, named, { data: text, digest: digestOf(text, named) });
    },
    remove: (key) => rm(fileOf(key), { force: true }),
  };
}
