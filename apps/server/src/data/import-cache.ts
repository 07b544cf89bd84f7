// The folder cache/ of earlier versions, a JSON file a result, is taken over into results.sqlite.
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { collectAssets, type StoredResult } from '@facewright/engine';
import { durably, type Database } from './database.ts';

/** A shelf of files a transaction, and then they are removed: several processes may do it at once, and one that dies loses nothing. */
export function importCache(folder: string, database: Database): void {
  if (!existsSync(folder)) return;
  const insert = database.prepare<[string, string, number], { id: number }>(
    'INSERT INTO results (key, body, seconds, created, used) VALUES (?, ?, ?, unixepoch(), unixepoch()) ON CONFLICT DO NOTHING RETURNING id',
  );
  const need = database.prepare('INSERT INTO result_assets (result, asset) VALUES (?, ?)');
  const take = (file: string, key: string) => {
    let text: string, result: StoredResult;
    try {
      text = readFileSync(file, 'utf8');
      result = JSON.parse(text) as StoredResult;
      if (typeof result.outputs !== 'object' || typeof result.seconds !== 'number') return;
    } catch {
      // Cut short by a crash, or taken by another process: such a result never counted.
      return;
    }
    const row = insert.get(key, text, result.seconds);
    if (row) for (const { id } of collectAssets(result.outputs)) need.run(row.id, id);
  };
  for (const shelf of readdirSync(folder)) {
    const place = join(folder, shelf);
    const takeShelf = database.transaction(() => {
      for (const name of readdirSync(place)) if (/^[0-9a-f]{64}\.json$/.test(name)) take(join(place, name), name.slice(0, -5));
    });
    durably(database, takeShelf.immediate);
    rmSync(place, { recursive: true, force: true });
  }
  rmSync(folder, { recursive: true, force: true });
}
