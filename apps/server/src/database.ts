// facewright.sqlite: runs and their events, what explains the next run, digests of the user's files. Several processes may have it open.
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import SQLite from 'better-sqlite3';
import type { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';

export type Database = SQLite.Database;

/** What a failed write to the database says, in our words. */
export function storageError(cause: unknown): CodedError {
  const { code, message } = cause as { readonly code?: string; readonly message?: string };
  return code === 'SQLITE_FULL' ? err.DISK_FULL('facewright.sqlite') : err.WRITE_FAILED('facewright.sqlite', message ?? String(cause));
}

/** Opens, and makes what is missing. Throws SERVER_DATA_FOLDER. */
export function openDatabase(path: string): Database {
  try {
    mkdirSync(dirname(path), { recursive: true });
    const database = new SQLite(path, { timeout: 10_000 });
    database.pragma('journal_mode = WAL');
    // With a write-ahead log, a crash of the machine may lose the last moments but never the file.
    database.pragma('synchronous = NORMAL');
    database.exec(`
      CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL, created TEXT NOT NULL, finished TEXT, last_seq INTEGER NOT NULL, graph TEXT NOT NULL) STRICT;
      CREATE TABLE IF NOT EXISTS events (run TEXT NOT NULL REFERENCES runs (id), seq INTEGER NOT NULL, time TEXT NOT NULL, body TEXT NOT NULL, PRIMARY KEY (run, seq)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS history (graph TEXT NOT NULL, node TEXT NOT NULL, parts TEXT NOT NULL, PRIMARY KEY (graph, node)) STRICT, WITHOUT ROWID;
      CREATE TABLE IF NOT EXISTS digests (path TEXT PRIMARY KEY, stamp TEXT NOT NULL, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
    `);
    return database;
  } catch (cause) {
    throw err.DATA_FOLDER(path, (cause as Error).message);
  }
}
