// Brings a database up to the latest version, a step a transaction, with a copy of the file from before. Several processes may do it at once.
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import SQLite from 'better-sqlite3';
import { err } from '../errors.ts';
import { steps as allSteps } from './steps.ts';

const versionOf = (database: SQLite.Database): number => database.pragma('user_version', { simple: true }) as number;
const isEmpty = (database: SQLite.Database): boolean => database.prepare('SELECT 1 FROM sqlite_schema').get() === undefined;

/** Copies of a database from before a step are beside it under this name. */
export const backupOf = (path: string, version: number): string => `${path}.v${version}.bak`;

/** A copy with the version that was seen, or none: another process may have gone ahead in between, and then it has made the copy. */
function keepCopy(database: SQLite.Database, version: number): void {
  const part = `${database.name}.${randomUUID()}.part`;
  try {
    database.prepare('VACUUM INTO ?').run(part);
    // SQLite leaves such a copy to the system's buffers.
    const file = openSync(part, 'r+');
    fsyncSync(file);
    closeSync(file);
    const copy = new SQLite(part, { readonly: true });
    const same = versionOf(copy) === version;
    copy.close();
    if (same) renameSync(part, backupOf(database.name, Math.max(version, 1)));
  } finally {
    rmSync(part, { force: true });
  }
}

/**
 * Throws SERVER_DATA_NEWER for a database of a later version, and what `mayChange` throws about an older one, without touching it; a step that fails leaves the version
 * before it.
 */
export function migrate(database: SQLite.Database, steps: readonly string[] = allSteps, mayChange: () => void = () => {}): void {
  const found = versionOf(database);
  if (found > steps.length) throw err.DATA_NEWER(database.name, steps.length, found);
  if (found === steps.length) return;
  // A database from before versions were counted is one of version 1.
  if (Math.max(found, 1) < steps.length && !isEmpty(database)) {
    mayChange();
    if (!database.memory) keepCopy(database, found);
  }
  // A table that others refer to is rebuilt under another name; with the keys on, that would delete what refers to it.
  database.pragma('foreign_keys = OFF');
  const next = database.transaction((): boolean => {
    const version = versionOf(database);
    const step = steps[version];
    if (step === undefined) return false;
    database.exec(step);
    if ((database.pragma('foreign_key_check') as unknown[]).length > 0) throw new Error(`step ${version + 1} leaves rows without a parent`);
    database.pragma(`user_version = ${version + 1}`);
    return true;
  });
  try {
    while (next.immediate());
  } finally {
    database.pragma('foreign_keys = ON');
  }
}
