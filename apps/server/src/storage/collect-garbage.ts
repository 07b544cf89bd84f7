// Frees room: assets that nothing refers to, then, above a limit, the results and checkpoints that were used longest ago. What a run refers to stays.
import { rmSync, statSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GarbageReport } from '@facewright/core';
import SQLite from 'better-sqlite3';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import { filesBelow, namedAssets } from './named-assets.ts';
import { expiredUpload } from './uploads.ts';

export interface GarbageOptions {
  /** How many bytes results, their assets and checkpoints may take; default: no limit. */
  readonly keep?: number;
  /** Says what would be removed, and removes nothing. */
  readonly dryRun?: boolean;
  /** What was written later stays, since what will refer to it may not be stored yet; ms. Default: a day. */
  readonly graceMs?: number;
}
const DAY_MS = 24 * 3600 * 1000;
/** Results dropped, or files removed, at a time: other requests come in between. */
const AT_ONCE = 100;
/** How late the last use of a result may be written, s. */
const USE_LAG = 3600;

const breathe = () => new Promise((resolve) => setImmediate(resolve));

/** Several processes may call it at once, while runs write. Throws SERVER_BACKUP_AT_WORK while a backup copies the folder. */
export async function collectGarbage(
  data: DataFolder,
  { keep = Infinity, dryRun = false, graceMs = DAY_MS }: GarbageOptions = {},
): Promise<GarbageReport> {
  const leases = data.leases.atWork();
  const begun = Math.min(Infinity, ...leases.map(({ since }) => since));
  const cutoff = Math.min(Date.now() - graceMs, begun);
  // Its own connection: the tables of the plan are its own, and both databases can be locked together.
  const db = new SQLite(join(data.path, 'results.sqlite'), { timeout: 10_000 });
  try {
    db.prepare('ATTACH ? AS owners').run(join(data.path, 'facewright.sqlite'));
    db.exec(`
      CREATE TEMP TABLE found (asset TEXT PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL, touched REAL NOT NULL) WITHOUT ROWID;
      CREATE TEMP TABLE named (asset TEXT PRIMARY KEY) WITHOUT ROWID;
      CREATE TEMP TABLE dropped (result INTEGER PRIMARY KEY);
      CREATE TEMP TABLE doomed (asset TEXT PRIMARY KEY, path TEXT NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
    `);
    const find = db.prepare('INSERT OR REPLACE INTO found VALUES (?, ?, ?, ?)');
    for await (const { id, path, bytes, touched } of data.assets.list()) find.run(id, path, bytes, touched);
    const name = db.prepare('INSERT OR IGNORE INTO named VALUES (?)');
    for await (const id of namedAssets(data.path)) name.run(id);
    const checkpoints = await oldestFirst(join(data.path, 'checkpoints'), '.safetensors');
    const pieces: FoundFile[] = [];
    for (const folder of ['assets', 'graphs', 'checkpoints'])
      for (const ending of ['.part', '.tmp'])
        pieces.push(...(await oldestFirst(join(data.path, folder), ending)).filter(({ time }) => time < cutoff));

    const sum = (sql: string, ...values: unknown[]) =>
      db
        .prepare<unknown[], number | null>(sql)
        .pluck()
        .get(...values) ?? 0;
    const doom = db.prepare(`
      INSERT OR IGNORE INTO doomed SELECT asset, path, bytes FROM found
      WHERE touched < ? AND asset NOT IN (SELECT asset FROM named)
        AND NOT EXISTS (SELECT 1 FROM owners.asset_refs AS refs WHERE refs.asset = found.asset AND NOT ${expiredUpload()})
        AND NOT EXISTS (SELECT 1 FROM result_assets AS needs WHERE needs.asset = found.asset AND needs.result NOT IN (SELECT result FROM dropped))`);
    const drop = db.prepare(
      `INSERT INTO dropped SELECT id FROM results WHERE id NOT IN (SELECT result FROM dropped) AND used < ? ORDER BY used, id LIMIT ?`,
    );
    const share = Math.ceil(sum('SELECT count(*) FROM results') / 50);
    const size = () =>
      sum('SELECT sum(bytes) FROM found') -
      sum('SELECT sum(bytes) FROM doomed') +
      sum('SELECT sum(length(body)) FROM results') -
      sum('SELECT sum(length(body)) FROM results JOIN dropped ON result = id');

    doom.run(cutoff);
    let checkpointBytes = bytesOf(checkpoints);
    // What a run at work found stored must stay until its events say so.
    const unused = leases.length > 0 ? begun / 1000 - USE_LAG : Number.MAX_SAFE_INTEGER;
    while (size() + checkpointBytes > keep && drop.run(unused, share).changes > 0) {
      doom.run(cutoff);
      await breathe();
    }
    const old: FoundFile[] = [];
    for (const file of checkpoints) {
      if (size() + checkpointBytes <= keep) break;
      if (file.time >= cutoff) continue;
      old.push(file);
      checkpointBytes -= file.bytes;
    }
    const amounts = {
      results: {
        count: sum('SELECT count(*) FROM dropped'),
        bytes: sum('SELECT sum(length(body)) FROM results JOIN dropped ON result = id'),
      },
      assets: { count: sum('SELECT count(*) FROM doomed'), bytes: sum('SELECT sum(bytes) FROM doomed') },
      checkpoints: { count: old.length, bytes: bytesOf(old) },
      pieces: { count: pieces.length, bytes: bytesOf(pieces) },
    };
    const kept = size() + checkpointBytes;
    const report = { ...amounts, kept, over: Math.max(0, kept - keep) };
    if (dryRun) return report;

    const locked = (work: () => void) =>
      db
        .transaction(() => {
          if (data.leases.atWork().some(({ work: what }) => what === 'backup')) throw err.BACKUP_AT_WORK();
          work();
        })
        .immediate();
    const next = <T>(sql: string) => db.prepare<[T], T>(`${sql} LIMIT ${AT_ONCE}`).pluck();
    const nextDropped = next<number>('SELECT result FROM dropped WHERE result > ? ORDER BY result');
    const dropOne = db.prepare('DELETE FROM results WHERE id = ?');
    for (let some = nextDropped.all(-1); some.length > 0; some = nextDropped.all(some.at(-1)!)) {
      locked(() => some.forEach((id) => dropOne.run(id)));
      await breathe();
    }
    const referred = db.prepare<[string, string], 1>(
      `SELECT 1 FROM owners.asset_refs AS refs WHERE asset = ? AND NOT ${expiredUpload()} UNION ALL SELECT 1 FROM result_assets WHERE asset = ?`,
    );
    /** What was written anew since the plan stays. */
    const remove = (path: string): void => {
      if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity) < cutoff) rmSync(path, { force: true });
    };
    const nextDoomed = next<string>('SELECT asset FROM doomed WHERE asset > ? ORDER BY asset');
    const pathOf = db.prepare<[string], string>('SELECT path FROM doomed WHERE asset = ?').pluck();
    for (let some = nextDoomed.all(''); some.length > 0; some = nextDoomed.all(some.at(-1)!)) {
      locked(() => some.forEach((id) => referred.get(id, id) || remove(pathOf.get(id)!)));
      await breathe();
    }
    locked(() => db.exec(`DELETE FROM owners.asset_refs AS refs WHERE ${expiredUpload()}`));
    locked(() => [...old, ...pieces].forEach(({ path }) => remove(path)));
    if (leases.length === 0) shrink(db);
    return report;
  } finally {
    db.close();
  }
}

/** Gives back to the disk what results took, when it is much. */
function shrink(db: SQLite.Database): void {
  const [free, pages] = ['freelist_count', 'page_count'].map((name) => db.pragma(`main.${name}`, { simple: true }) as number);
  if (free! * 4 < pages!) return;
  try {
    db.exec('VACUUM main; PRAGMA main.wal_checkpoint(TRUNCATE)');
  } catch (cause) {
    // There must be room for a second one while it is made; without, the pages are used again for new results.
    if ((cause as { readonly code?: string }).code !== 'SQLITE_FULL') throw cause;
  }
}

interface FoundFile {
  readonly path: string;
  readonly bytes: number;
  readonly time: number;
}
async function oldestFirst(folder: string, ending: string): Promise<FoundFile[]> {
  const files: FoundFile[] = [];
  for (const path of await filesBelow(folder, ending)) {
    const info = await stat(path).catch(() => null);
    if (info) files.push({ path, bytes: info.size, time: info.mtimeMs });
  }
  return files.sort((a, b) => a.time - b.time);
}
const bytesOf = (files: readonly FoundFile[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);
