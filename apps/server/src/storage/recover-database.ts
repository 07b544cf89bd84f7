// Makes a whole database of a damaged one: every row that can still be read, in the tables of the latest version. The damaged file is kept.
import { closeSync, copyFileSync, existsSync, fsyncSync, mkdtempSync, openSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import SQLite from 'better-sqlite3';
import { migrate } from '../schema/migrate.ts';
import { steps } from '../schema/steps.ts';
import { quarantineCopy } from './quarantine.ts';

export interface Recovered {
  /** Rows read, by table. */
  readonly rows: Readonly<Record<string, number>>;
  /** Tables of which something could not be read. */
  readonly incomplete: readonly string[];
  /** Where the damaged file is kept. */
  readonly kept: string;
}

/** Nobody may have the database open. Throws what the file system throws; then the damaged file is as it was. */
export function recoverDatabase(path: string): Recovered {
  const work = mkdtempSync(join(dirname(path), 'recovering-'));
  const part = `${path}.recovered.part`;
  rmSync(part, { force: true });
  try {
    const copy = join(work, basename(path));
    for (const ending of ['', '-wal']) if (existsSync(path + ending)) copyFileSync(path + ending, copy + ending);
    const { rows, incomplete } = copyRows(copy, part);
    const file = openSync(part, 'r+');
    fsyncSync(file);
    closeSync(file);
    const kept = quarantineCopy(dirname(path), path);
    // A log of the old file would be taken for one of the new.
    for (const ending of ['-wal', '-shm']) {
      if (ending === '-wal' && existsSync(path + ending)) copyFileSync(path + ending, kept + ending);
      rmSync(path + ending, { force: true });
    }
    renameSync(part, path);
    return { rows, incomplete, kept };
  } finally {
    rmSync(work, { recursive: true, force: true });
    rmSync(part, { force: true });
  }
}

function copyRows(from: string, to: string): Omit<Recovered, 'kept'> {
  const rows: Record<string, number> = {};
  const incomplete: string[] = [];
  const database = new SQLite(to);
  let old: SQLite.Database | undefined;
  try {
    old = new SQLite(from, { fileMustExist: true });
    // Reads on where the tables are listed wrongly.
    old.pragma('writable_schema = ON');
    const version = old.pragma('user_version', { simple: true }) as number;
    migrate(database, steps.slice(0, Math.min(Math.max(version, 1), steps.length)));
    database.pragma('foreign_keys = OFF');
    const triggers = database
      .prepare<[], { name: string; sql: string }>("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'")
      .all();
    for (const { name } of triggers) database.exec(`DROP TRIGGER "${name}"`);
    const tables = database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    for (const table of tables) {
      const { count, whole } = copyTable(old, database, table);
      rows[table] = count;
      if (!whole) incomplete.push(table);
    }
    for (const { sql } of triggers) database.exec(sql);
    migrate(database);
    database.pragma('journal_mode = DELETE');
  } catch (cause) {
    // Not even the list of tables can be read: what is made is empty.
    if (!isDamage(cause)) throw cause;
    migrate(database);
    database.pragma('journal_mode = DELETE');
    incomplete.push(...database.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all());
  } finally {
    old?.close();
    database.close();
  }
  return { rows, incomplete };
}

/** From the first row up to the damage, then from the last down to it. */
function copyTable(old: SQLite.Database, database: SQLite.Database, table: string): { count: number; whole: boolean } {
  const columns = (database.pragma(`table_info("${table}")`) as { name: string; pk: number }[]).map(({ name, pk }) => ({ name, pk }));
  const key = columns.filter(({ pk }) => pk > 0).sort((a, b) => a.pk - b.pk);
  const names = columns.map(({ name }) => `"${name}"`).join(', ');
  const insert = database.prepare(`INSERT OR REPLACE INTO "${table}" (${names}) VALUES (${columns.map(() => '?').join(', ')})`);
  // By the table itself, not by an index that may be damaged elsewhere.
  const withoutRowid =
    database.prepare("SELECT 1 FROM sqlite_schema WHERE name = ? AND sql LIKE '%WITHOUT ROWID%'").get(table) !== undefined;
  const order = (direction: string) => (withoutRowid ? key.map(({ name }) => `"${name}" ${direction}`).join(', ') : `rowid ${direction}`);
  const read = (direction: string): boolean => {
    try {
      const all = old.prepare(`SELECT ${names} FROM "${table}" NOT INDEXED ORDER BY ${order(direction)}`).raw();
      for (const row of all.iterate()) {
        try {
          insert.run(...(row as unknown[]));
        } catch (cause) {
          // Not a row of this table: damaged as well.
          if (!(cause instanceof SQLite.SqliteError) || isDamage(cause)) throw cause;
        }
      }
      return true;
    } catch (cause) {
      if (isDamage(cause)) return false;
      throw cause;
    }
  };
  const whole = database.transaction(() => read('ASC') || (read('DESC'), false))();
  return { count: database.prepare<[], number>(`SELECT count(*) FROM "${table}"`).pluck().get()!, whole };
}

/** Whether SQLite says that a file, a page or a table is damaged or missing. */
export const isDamage = (cause: unknown): boolean =>
  cause instanceof SQLite.SqliteError && /^SQLITE_(CORRUPT|NOTADB|IOERR|ERROR)/.test(cause.code);
