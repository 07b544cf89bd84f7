// The databases of a data folder, whose tables are in schema/. Several processes may have them open.
import { mkdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import SQLite from 'better-sqlite3';
import { CodedError } from '@facewright/tensor';
import { err } from '../errors.ts';
import { migrate } from '../schema/migrate.ts';

export type Database = SQLite.Database;

/** What a failed write to a database says, in our words. */
export function storageError(cause: unknown, name = 'facewright.sqlite'): CodedError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  return code === 'SQLITE_FULL' ? err.DISK_FULL(name) : err.WRITE_FAILED(name, message ?? String(cause));
}

export interface OpenOptions {
  /** Default: those of facewright.sqlite. */
  readonly steps?: readonly string[];
  /** Called before an older one is brought up to date; what it throws leaves the database as it is. */
  readonly mayChange?: () => void;
}

/** Opens, makes what is missing, and brings an older one up to date. Throws SERVER_DATA_FOLDER, SERVER_DATA_NEWER, SERVER_DATABASE_DAMAGED, SERVER_DISK_FULL. */
export function openDatabase(path: string, { steps, mayChange }: OpenOptions = {}): Database {
  let database: Database | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    database = new SQLite(path, { timeout: 10_000 });
    database.pragma('journal_mode = WAL');
    // With a write-ahead log, a crash of the machine may lose the last moments but never the file; `durably` is for what was promised.
    database.pragma('synchronous = NORMAL');
    migrate(database, steps, mayChange);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof CodedError) throw cause;
    const { code = '', message } = cause as { readonly code?: string; readonly message: string };
    if (code === 'SQLITE_FULL') throw storageError(cause, basename(path));
    if (/^SQLITE_(CORRUPT|NOTADB)/.test(code)) throw err.DATABASE_DAMAGED(path, message);
    throw err.DATA_FOLDER(path, message);
  }
}

/** What is committed in `work`, and by anybody before, survives a power cut. Not within a transaction. */
export function durably<T>(database: Database, work: () => T): T {
  database.pragma('synchronous = FULL');
  try {
    return work();
  } finally {
    database.pragma('synchronous = NORMAL');
  }
}
