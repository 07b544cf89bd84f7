import { spawnSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from '../data/data-folder.ts';
import { openDatabase } from '../data/database.ts';
import { backupOf, migrate } from './migrate.ts';
import { steps } from './steps.ts';

let folder: string, path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'migrate-spec-'));
  path = join(folder, 'facewright.sqlite');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const numberOf = (version: number) => String(version).padStart(3, '0');
/** fixtures/001.sql is a whole data folder from before versions were counted; the others have rows for what their version adds. */
const fixture = (version: number) => readFileSync(join(import.meta.dirname, `fixtures/${numberOf(version)}.sql`), 'utf8');
const tables = (database: SQLite.Database) =>
  database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'").pluck().all();
const rowsOf = (database: SQLite.Database): Map<string, Record<string, unknown>[]> =>
  new Map(tables(database).map((table) => [table, database.prepare<[], Record<string, unknown>>(`SELECT * FROM "${table}"`).all()]));
const schemaOf = (database: SQLite.Database) => database.prepare('SELECT type, name, sql FROM sqlite_schema ORDER BY type, name').all();

/** A database as a Facewright of that version left it; 0: from before versions were counted. */
function databaseOf(version: number): SQLite.Database {
  const database = new SQLite(path);
  database.pragma('journal_mode = WAL');
  database.exec(fixture(1));
  for (let next = 2; next <= version; next++) {
    migrate(database, steps.slice(0, next));
    database.exec(fixture(next));
  }
  if (version === 1) database.pragma('user_version = 1');
  return database;
}
/** Columns that a step moved to another table; the spec of that step says that they are there. */
const moved: Readonly<Record<string, string>> = { runs: 'graph' };
const without = (column: string | undefined, row: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(row).filter(([name]) => name !== column));
const versions = Array.from({ length: steps.length + 1 }, (_, version) => version);

describe('an older database', () => {
  it.each(versions)('of version %i is brought up to date with every row', (version) => {
    const old = databaseOf(version);
    const before = rowsOf(old);
    old.close();
    const database = openDatabase(path);
    expect(database.pragma('user_version', { simple: true })).toBe(steps.length);
    const after = rowsOf(database);
    for (const [table, rows] of before)
      expect(after.get(table), table).toEqual(rows.map((row) => expect.objectContaining(without(moved[table], row))));
    expect(database.pragma('integrity_check', { simple: true })).toBe('ok');
    // As one that is made new.
    const fresh = new SQLite(':memory:');
    migrate(fresh);
    expect(schemaOf(database).length).toBe(schemaOf(fresh).length);
    expect(tables(database).sort()).toEqual(tables(fresh).sort());
    fresh.close();
    database.close();
  });
  it.each(versions.slice(1))('of version %i has rows in every table, so that nothing is kept for want of rows', (version) => {
    const database = databaseOf(version);
    for (const [table, rows] of rowsOf(database)) expect(rows.length, table).toBeGreaterThan(0);
    database.close();
  });
  it('is copied first, beside itself', () => {
    const old = databaseOf(0);
    const before = rowsOf(old);
    migrate(old, [steps[0]!, 'DROP TABLE digests']);
    old.close();
    const copy = new SQLite(backupOf(path, 1), { readonly: true });
    expect(rowsOf(copy)).toEqual(before);
    copy.close();
    expect(readdirSync(folder).filter((name) => name.endsWith('.part'))).toEqual([]);
  });
});

describe('an older server at work', () => {
  it('keeps a newer program from changing the tables under it, until it has ended', async () => {
    databaseOf(1).close();
    const code = `
      import { lockDataFolder } from ${JSON.stringify(import.meta.resolve('../data/data-lock.ts'))};
      globalThis.held = lockDataFolder(${JSON.stringify(folder)});
      console.log('locked');
      setTimeout(() => {}, 30_000);`;
    const server = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      await once(server.stdout, 'data');
      expect(() => openDataFolder(folder)).toThrow(expect.objectContaining({ code: 'SERVER_DATA_IN_USE' }));
      const database = new SQLite(path);
      expect(database.pragma('user_version', { simple: true })).toBe(1);
      database.close();
    } finally {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    openDataFolder(folder).close();
  });
});

describe('a new database', () => {
  it('needs no copy, and has the numbers of its files', () => {
    openDatabase(path).close();
    expect(readdirSync(folder)).toEqual(['facewright.sqlite']);
    const files = readdirSync(import.meta.dirname).filter((name) => /^\d{3}-/.test(name) && !name.endsWith('.spec.ts'));
    expect(files.sort().map((name) => Number(name.slice(0, 3)))).toEqual(versions.slice(1));
  });
});

describe('a database of a newer version', () => {
  it('is refused and left as it is', () => {
    const newer = databaseOf(0);
    newer.pragma(`user_version = ${steps.length + 1}`);
    newer.close();
    const before = readFileSync(path);
    expect(() => openDatabase(path)).toThrow(expect.objectContaining({ code: 'SERVER_DATA_NEWER' }));
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('a step', () => {
  it('that fails leaves the version before it', () => {
    const database = databaseOf(0);
    const before = rowsOf(database);
    const bad = [steps[0]!, "CREATE TABLE more (x) STRICT; INSERT INTO runs SELECT 'x', name FROM runs;"];
    expect(() => migrate(database, bad)).toThrow();
    expect(database.pragma('user_version', { simple: true })).toBe(1);
    expect(rowsOf(database)).toEqual(before);
    database.close();
  });
  it('that would leave rows without what they refer to is undone', () => {
    const database = databaseOf(0);
    expect(() => migrate(database, [steps[0]!, 'DELETE FROM runs'])).toThrow(/without a parent/);
    expect(database.prepare('SELECT count(*) FROM runs').pluck().get()).toBe(1);
    expect(database.pragma('foreign_keys', { simple: true })).toBe(1);
    database.close();
  });

  /** A process that migrates; `die()` in a step kills it there. */
  const migrating = (extra: string) => [
    '--input-type=module',
    '-e',
    `import SQLite from ${JSON.stringify(import.meta.resolve('better-sqlite3'))};
     import { migrate } from ${JSON.stringify(import.meta.resolve('./migrate.ts'))};
     import { steps } from ${JSON.stringify(import.meta.resolve('./steps.ts'))};
     const database = new SQLite(${JSON.stringify(path)}, { timeout: 10000 });
     database.function('die', () => process.kill(process.pid, 'SIGKILL'));
     migrate(database, [steps[0], ${JSON.stringify(extra)}]);`,
  ];
  it('that is killed in the middle leaves the version before it, and goes through the next time', () => {
    const old = databaseOf(0);
    const before = rowsOf(old);
    old.close();
    const extra = 'CREATE TABLE more (x TEXT) STRICT; INSERT INTO more VALUES (1); UPDATE runs SET name = name || 1; SELECT die();';
    expect(spawnSync(process.execPath, migrating(extra)).signal).toBe('SIGKILL');
    expect(existsSync(backupOf(path, 1))).toBe(true);
    const database = new SQLite(path);
    expect(database.pragma('user_version', { simple: true })).toBe(1);
    expect(rowsOf(database)).toEqual(before);
    migrate(database, [steps[0]!, extra.replace('SELECT die();', '')]);
    expect(database.pragma('user_version', { simple: true })).toBe(2);
    database.close();
  });
  it('is taken once when several processes open the database at the same time', async () => {
    databaseOf(0).close();
    const extra = 'CREATE TABLE more (x INTEGER) STRICT; INSERT INTO more VALUES (1); UPDATE runs SET last_seq = last_seq + 1;';
    const ends = await Promise.all([1, 2, 3].map(() => once(spawn(process.execPath, migrating(extra), { stdio: 'inherit' }), 'exit')));
    expect(ends.map(([code]) => code as number)).toEqual([0, 0, 0]);
    const database = new SQLite(path);
    expect(database.prepare('SELECT last_seq FROM runs').pluck().get()).toBe(12);
    database.close();
  });
});
