// Looks through a whole data folder for what is damaged, missing or left over, says it in plain words, and repairs what can be repaired.
import { existsSync, rmSync } from 'node:fs';
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { messageOf, parseGraphText, type StorageFinding } from '@facewright/core';
import { collectAssets, type StoredResult } from '@facewright/engine';
import SQLite from 'better-sqlite3';
import { createCheckpointStore } from '../data/checkpoint-store.ts';
import { isLocked, lockDataFolder } from '../data/data-lock.ts';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import { resultSteps } from '../schema/result-steps.ts';
import { steps } from '../schema/steps.ts';
import { digestOfFile } from './digest-of-file.ts';
import { filesBelow } from './named-assets.ts';
import { quarantine } from './quarantine.ts';
import { isDamage, recoverDatabase } from './recover-database.ts';
import { createWorkLeases } from './work-leases.ts';

export interface DoctorOptions {
  /** Puts damaged files aside, drops what can be computed again, makes new what can be made new. No server may be at work then. */
  readonly repair?: boolean;
  /** Assets are read in full, which takes its time; in bytes. */
  onProgress?(done: number, total: number): void;
}

/** Pieces that are younger may belong to somebody who is writing. */
const LEFT_OVER_MS = 3_600_000;

/** In the order in which they were found; none: the folder is healthy. Throws SERVER_DATA_IN_USE with `repair`, SERVER_NO_SUCH where there is no data folder. */
export async function examine(folder: string, { repair = false, onProgress }: DoctorOptions = {}): Promise<readonly StorageFinding[]> {
  const path = resolve(folder);
  if (!existsSync(join(path, 'facewright.sqlite'))) throw err.NO_SUCH('data folder', path);
  const findings: StorageFinding[] = [];
  /** `mend` gives what was done, in words. */
  const found = async (file: string, problem: string, mend: (() => string | Promise<string>) | null): Promise<void> => {
    const place = relative(path, file) || basename(file);
    findings.push({ place, problem, repaired: repair && mend ? await mend() : null });
  };
  const aside = (file: string) => () => `is now ${relative(path, quarantine(path, file))}`;

  const serverAtWork = isLocked(path);
  const unlock = repair ? lockDataFolder(path) : () => {};
  try {
    for (const name of ['facewright.sqlite', 'results.sqlite']) {
      const file = join(path, name);
      const { problem, newer } = existsSync(file) ? checkDatabase(file) : { problem: null, newer: false };
      if (problem === null) continue;
      await found(file, problem, newer ? null : name === 'facewright.sqlite' ? () => recover(path, file) : aside(file));
      if (newer || !repair) {
        if (name === 'facewright.sqlite') return findings;
        await checkFiles();
        return findings;
      }
    }
    const data = openDataFolder(path, [], { warn: () => {} });
    try {
      await checkRows(data);
      await checkFiles();
      await checkAssets(data);
      await checkResults(data);
      await checkReferences(data);
      await checkCheckpoints(data);
    } finally {
      data.close();
    }
    return findings;
  } finally {
    unlock();
  }

  /** What a database says of itself, table by table. */
  async function checkRows({ database }: DataFolder): Promise<void> {
    const file = join(path, 'facewright.sqlite');
    const orphans = database.pragma('foreign_key_check') as { table: string; rowid: number | null; parent: string }[];
    for (const [table, rows] of Object.entries(Object.groupBy(orphans, (row) => row.table)))
      await found(file, `${rows!.length} rows of ${table} belong to rows of ${rows![0]!.parent} that are gone`, () =>
        removeOrphans(database, table),
      );
    const gaps = database
      .prepare<[], { run: string; last: number }>(
        'SELECT runs.id AS run, coalesce(max(seq), 0) AS last FROM runs LEFT JOIN events ON run = runs.id GROUP BY runs.id HAVING last <> last_seq',
      )
      .all();
    for (const { run, last } of gaps)
      await found(file, `run ${run} says another number of its last event than it has`, () => {
        database.prepare('UPDATE runs SET last_seq = ? WHERE id = ?').run(last, run);
        return `now ${last}`;
      });
  }

  /** Graphs that cannot be read, and what is left of writing and of workers. */
  async function checkFiles(): Promise<void> {
    for (const file of await filesBelow(join(path, 'graphs'), '.json')) {
      const { problems = [] } = parseGraphText(await readFile(file, 'utf8'));
      if (problems.length > 0) await found(file, `a saved graph that cannot be read: ${problems[0]!.message}`, aside(file));
    }
    for (const below of ['assets', 'graphs', 'checkpoints'])
      for (const ending of ['.part', '.tmp'])
        for (const file of await filesBelow(join(path, below), ending)) {
          const info = await stat(file).catch(() => null);
          if (info && Date.now() - info.mtimeMs > LEFT_OVER_MS)
            await found(file, 'half a file, left by a process that died while it wrote', aside(file));
        }
    const links = await readdir(join(path, 'links')).catch(() => []);
    if (links.length > 0 && !serverAtWork && createWorkLeases(path).atWork().length === 0)
      await found(join(path, 'links'), `${links.length} folders of links to weights, left by workers that died`, () => {
        rmSync(join(path, 'links'), { recursive: true, force: true });
        return 'removed; the files that they led to are untouched';
      });
  }

  async function checkAssets({ assets }: DataFolder): Promise<void> {
    const names = await filesBelow(join(path, 'assets'), '');
    const sizes = await Promise.all(
      names.map((file) =>
        stat(file).then(
          ({ size }) => size,
          () => 0,
        ),
      ),
    );
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let done = 0;
    for (const [i, file] of names.entries()) {
      onProgress?.(done, total);
      done += sizes[i]!;
      if (file.endsWith('.part')) continue;
      const hex = /^([0-9a-f]{64})\.\w+$/.exec(basename(file))?.[1];
      if (hex === undefined || basename(dirname(file)) !== hex.slice(0, 2)) {
        await found(file, 'a file that is no asset', aside(file));
        continue;
      }
      const digest = await digestOfFile(file).catch((cause: unknown) => messageOf(cause));
      // Removed as garbage in between.
      if (digest === hex || (await assets.find(`sha256:${hex}`)) === null) continue;
      await found(
        file,
        /^[0-9a-f]{64}$/.test(digest) ? 'its content is not the one that its name says' : `cannot be read: ${digest}`,
        aside(file),
      );
    }
  }

  async function checkResults({ results, assets }: DataFolder): Promise<void> {
    const drop = results.prepare('DELETE FROM results WHERE id = ?');
    const all = results.prepare<[number], { id: number; key: string; body: string }>(
      'SELECT id, key, body FROM results WHERE id > ? ORDER BY id LIMIT 500',
    );
    for (let some = all.all(0); some.length > 0; some = all.all(some.at(-1)!.id))
      for (const { id, key, body } of some) {
        const problem = await missingOf(body);
        if (problem !== null)
          await found(join(path, 'results.sqlite'), `result ${key}: ${problem}`, () => {
            drop.run(id);
            return 'dropped, and computed again when it is needed';
          });
      }
    async function missingOf(body: string): Promise<string | null> {
      try {
        const gone = [];
        for (const { id, bytes } of collectAssets((JSON.parse(body) as StoredResult).outputs))
          if (!(await assets.find(id, bytes))) gone.push(id);
        return gone.length > 0 ? `needs assets that are gone: ${gone.join(', ')}` : null;
      } catch {
        return 'cannot be read';
      }
    }
  }

  /** Runs and judging tasks whose assets are gone: that cannot be mended, only said once. */
  async function checkReferences({ database, assets }: DataFolder): Promise<void> {
    const ownersOf = database.prepare<[string], string>('SELECT owner FROM asset_refs WHERE asset = ? ORDER BY owner').pluck();
    const forget = database.prepare('DELETE FROM asset_refs WHERE owner = ? AND asset = ?');
    const isNamed = assetFinder(database);
    const gone = new Map<string, string[]>();
    for (const asset of database.prepare<[], string>('SELECT DISTINCT asset FROM asset_refs').pluck().all())
      if ((await assets.find(asset)) === null && isNamed(asset))
        for (const owner of ownersOf.all(asset)) gone.set(owner, [...(gone.get(owner) ?? []), asset]);
    for (const [owner, ids] of gone)
      await found(
        join(path, 'facewright.sqlite'),
        `${owner.replace(':', ' ')} refers to ${ids.length} assets that are gone, such as ${ids[0]}`,
        () => {
          for (const id of ids) forget.run(owner, id);
          return 'noted; what it showed is made again by running its graph again';
        },
      );
  }

  async function checkCheckpoints({ assets }: DataFolder): Promise<void> {
    const store = createCheckpointStore(join(path, 'checkpoints'), assets);
    for (const file of await filesBelow(join(path, 'checkpoints'), '.safetensors')) {
      const problem = await store.load({ family: basename(dirname(file)), own: basename(file, '.safetensors') }).then(
        () => null,
        (cause: unknown) => messageOf(cause),
      );
      if (problem !== null) await found(file, problem, aside(file));
    }
  }
}

/** What SQLite finds wrong; null: nothing. */
function checkDatabase(file: string): { readonly problem: string | null; readonly newer: boolean } {
  const known = basename(file) === 'results.sqlite' ? resultSteps.length : steps.length;
  let database: SQLite.Database | undefined;
  try {
    database = new SQLite(file, { fileMustExist: true, timeout: 10_000 });
    const version = database.pragma('user_version', { simple: true }) as number;
    if (version > known) return { problem: err.DATA_NEWER(file, known, version).message, newer: true };
    const said = database.pragma('integrity_check(3)') as { integrity_check: string }[];
    const wrong = said.map(({ integrity_check }) => integrity_check).filter((line) => line !== 'ok');
    return { problem: wrong.length > 0 ? `is damaged: ${wrong.join('; ')}` : null, newer: false };
  } catch (cause) {
    if (!isDamage(cause)) throw cause;
    return { problem: `is damaged: ${messageOf(cause)}`, newer: false };
  } finally {
    database?.close();
  }
}

function recover(folder: string, file: string): string {
  const { rows, incomplete, kept } = recoverDatabase(file);
  const counts = Object.entries(rows)
    .filter(([, count]) => count > 0)
    .map(([table, count]) => `${count} of ${table}`);
  return `made anew with ${counts.length > 0 ? `the rows ${counts.join(', ')}` : 'no rows'}${
    incomplete.length > 0 ? `; not all could be read of ${incomplete.join(', ')}` : ''
  }; the damaged file is now ${relative(folder, kept)}`;
}

/** Rows whose parent is gone mean nothing to anybody; the copy of the database that recovery keeps still has them. */
function removeOrphans(database: SQLite.Database, table: string): string {
  let removed = 0;
  const keys = database.pragma(`foreign_key_list("${table}")`) as { table: string; from: string; to: string | null }[];
  for (const { table: parent, from, to } of keys) {
    const target = to ?? (database.pragma(`table_info("${parent}")`) as { name: string; pk: number }[]).find(({ pk }) => pk === 1)!.name;
    removed += database
      .prepare(`DELETE FROM "${table}" WHERE "${from}" IS NOT NULL AND "${from}" NOT IN (SELECT "${target}" FROM "${parent}")`)
      .run().changes;
  }
  return `${removed} rows removed`;
}

/** Tells assets from texts of the same form, such as digests of a model's weights, in the columns that `keepAssets` watches. */
function assetFinder(database: SQLite.Database): (id: string) => boolean {
  const watched = database
    .prepare<[], { name: string; tbl_name: string }>(
      "SELECT name, tbl_name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE '%\\_inserted' ESCAPE '\\' AND sql LIKE '%INTO asset_refs%'",
    )
    .all()
    .map(({ name, tbl_name: table }) => {
      const column = name.slice(table.length + 1, -'_inserted'.length);
      return database.prepare<[string], string>(`SELECT "${column}" FROM "${table}" WHERE instr("${column}", ?) > 0`).pluck();
    });
  const named = (id: string, body: string) =>
    body.includes(`asset:${id}`) || collectAssets(JSON.parse(body)).some((asset) => asset.id === id);
  return (id) => watched.some((bodies) => bodies.all(id).some((body) => named(id, body)));
}
