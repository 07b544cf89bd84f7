// Results of nodes in results.sqlite: they survive restarts, and count only while their assets are there.
import { collectAssets, type ResultCache, type StoredResult } from '@facewright/engine';
import type { AssetStore } from './asset-store.ts';
import { durably, storageError, type Database } from './database.ts';
import { createWriteGroup } from './write-group.ts';

/** What took longer, in seconds, is committed before it is told, safe from a power cut; the rest as soon as the process has a moment. */
const WORTH_A_COMMIT = 0.05;
/** How old, in seconds, a result's last use is before it is written anew. */
const USE_EVERY = 3600;

export interface ResultStore extends ResultCache {
  /** Commits what waits. Throws SERVER_DISK_FULL or SERVER_WRITE_FAILED, as `set` does, which may then be about results before its own. */
  flush(): void;
}

export function createResultStore(database: Database, assets: Pick<AssetStore, 'find'>): ResultStore {
  const select = database.prepare<[string], { id: number; body: string; used: number }>('SELECT id, body, used FROM results WHERE key = ?');
  const upsert = database.prepare<[string, string, number, number, number], { id: number }>(
    `INSERT INTO results (key, body, seconds, created, used) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET body = excluded.body, seconds = excluded.seconds, used = excluded.used RETURNING id`,
  );
  const forget = database.prepare('DELETE FROM result_assets WHERE result = ?');
  const need = database.prepare('INSERT INTO result_assets (result, asset) VALUES (?, ?)');
  const use = database.prepare('UPDATE results SET used = ? WHERE key = ?');

  const results = createWriteGroup<StoredResult>(
    database.transaction((entries: ReadonlyMap<string, StoredResult>) => {
      for (const [key, result] of entries) {
        const { id } = upsert.get(key, JSON.stringify(result), result.seconds, now(), now())!;
        forget.run(id);
        for (const asset of collectAssets(result.outputs)) need.run(id, asset.id);
      }
    }).immediate,
  );
  const uses = createWriteGroup<number>(
    database.transaction((entries: ReadonlyMap<string, number>) => entries.forEach((time, key) => use.run(time, key))).immediate,
  );
  const inOurWords = <T>(work: () => T): T => {
    try {
      return work();
    } catch (cause) {
      throw storageError(cause, 'results.sqlite');
    }
  };
  return {
    async get(key) {
      const waiting = results.get(key);
      if (waiting) return structuredClone(waiting);
      try {
        const row = select.get(key);
        if (!row) return null;
        const result = JSON.parse(row.body) as StoredResult;
        const there = await Promise.all(collectAssets(result.outputs).map(({ id, bytes }) => assets.find(id, bytes)));
        if (there.includes(null)) return null;
        if (Math.abs(now() - row.used) > USE_EVERY) uses.set(key, now());
        return result;
      } catch {
        // A damaged one is computed again, and then overwritten.
        return null;
      }
    },
    async set(key, result) {
      inOurWords(() => {
        results.set(key, result);
        if (result.seconds > WORTH_A_COMMIT) durably(database, results.flush);
      });
    },
    flush() {
      inOurWords(() => {
        results.flush();
        uses.flush();
      });
    },
  };
}
const now = () => Math.floor(Date.now() / 1000);
