// Results of nodes on disk, one JSON file a key: they survive restarts, and count only while their assets are there.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { collectAssets, type ResultCache, type StoredResult } from '@facewright/engine';
import type { AssetStore } from './asset-store.ts';
import { writeWhole } from './write-file.ts';

export function createResultStore(folder: string, assets: Pick<AssetStore, 'find'>): ResultCache {
  const fileOf = (key: string) => join(folder, key.slice(0, 2), `${key}.json`);
  return {
    async get(key) {
      try {
        const result = JSON.parse(await readFile(fileOf(key), 'utf8')) as StoredResult;
        const there = await Promise.all(collectAssets(result.outputs).map(({ id, bytes }) => assets.find(id, bytes)));
        return there.includes(null) ? null : result;
      } catch {
        // Missing, or cut short by a crash of the machine: computed again, and then overwritten.
        return null;
      }
    },
    set: (key, result) => writeWhole(fileOf(key), JSON.stringify(result)),
  };
}
