// facewright.sqlite, whose tables are in schema/. Several processes may have it open.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import SQLite from 'better-sqlite3';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import { migrate } from './schema/migrate.ts';

export type Database = SQLite.Database;

/** What a failed write to the database says, in our words. */
export function storageError(cause: unknown): CodedError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  return code === 'SQLITE_FULL' ? err.DISK_FULL('facewright.sqlite') : err.WRITE_FAILED('facewright.sqlite', message ?? String(cause));
}

/** Opens, makes what is missing, and brings an older one up to date. Throws SERVER_DATA_FOLDER, SERVER_DATA_NEWER or SERVER_DISK_FULL. */
export function openDatabase(path: string): Database {
  let database: Database | undefined;
  try {
    mkdirSync(dirname(path), { recursive: true });
    database = new SQLite(path, { timeout: 10_000 });
    database.pragma('journal_mode = WAL');
    // With a write-ahead log, a crash of the machine may lose the last moments but never the file.
    database.pragma('synchronous = NORMAL');
    migrate(database);
    return database;
  } catch (cause) {
    database?.close();
    if (cause instanceof CodedError) throw cause;
    if ((cause as { readonly code?: string }).code === 'SQLITE_FULL') throw storageError(cause);
    throw err.DATA_FOLDER(path, (cause as Error).message);
  }
}
