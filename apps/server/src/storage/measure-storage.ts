// How much room what takes in a data folder.
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { StorageUse } from '@facewright/core';
import type { DataFolder } from '../data/data-folder.ts';
import { collectGarbage } from './collect-garbage.ts';

export async function measureStorage(data: DataFolder, keep?: number): Promise<StorageUse> {
  const assets = { count: 0, bytes: 0 };
  for await (const { bytes } of data.assets.list()) {
    assets.count++;
    assets.bytes += bytes;
  }
  const below = (...names: string[]) => amountBelow(join(data.path, ...names));
  const {
    results,
    assets: unused,
    checkpoints,
    pieces,
  } = await collectGarbage(data, { dryRun: true, ...(keep !== undefined && { keep }) });
  return {
    assets,
    results: data.results
      .prepare<[], { count: number; bytes: number }>('SELECT count(*) AS count, coalesce(sum(length(body)), 0) AS bytes FROM results')
      .get()!,
    checkpoints: await below('checkpoints'),
    runs: {
      count: data.database.prepare<[], number>('SELECT count(*) FROM runs').pluck().get()!,
      bytes: (await below('runs')).bytes,
    },
    databases: (await sizesOf(data.path, databaseFiles)).reduce((sum, bytes) => sum + bytes, 0),
    quarantine: await below('quarantine'),
    removable: {
      count: results.count + unused.count + checkpoints.count + pieces.count,
      bytes: results.bytes + unused.bytes + checkpoints.bytes + pieces.bytes,
    },
    keep: keep ?? null,
  };
}

/** With their write-ahead logs. */
const databaseFiles = ['facewright.sqlite', 'results.sqlite'].flatMap((name) => [name, `${name}-wal`]);
const sizesOf = (folder: string, names: readonly string[]) =>
  Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );

async function amountBelow(folder: string): Promise<{ count: number; bytes: number }> {
  const amount = { count: 0, bytes: 0 };
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])) {
    const info = entry.isFile() ? await stat(join(entry.parentPath, entry.name)).catch(() => null) : null;
    if (!info) continue;
    amount.count++;
    amount.bytes += info.size;
  }
  return amount;
}
