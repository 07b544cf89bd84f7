// One server at a time on a data folder: a second one would take the first one's runs for abandoned.
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { err } from '../errors.ts';

/** Whether a process with this id runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** For people: who holds the lock. It says nothing else, since after a crash the number may be another process's. */
const holderOf = (folder: string): string => join(folder, 'server.pid');

// One that began a moment ago may not have written its number yet.
const holder = (folder: string): string => (existsSync(holderOf(folder)) ? readFileSync(holderOf(folder), 'utf8') : 'unknown');

/** Null when another process holds it. */
function hold(folder: string): SQLite.Database | null {
  // The system takes the lock of a database back when its process dies, however it dies; Node has no file locks of its own.
  const lock = new SQLite(join(folder, 'server.lock.sqlite'), { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
    return lock;
  } catch (cause) {
    lock.close();
    if ((cause as { readonly code?: string }).code === 'SQLITE_BUSY') return null;
    throw cause;
  }
}

/** Gives back how to unlock, which must be held on to: the lock goes with it. Throws SERVER_DATA_IN_USE or SERVER_DATA_FOLDER. */
export function lockDataFolder(folder: string): () => void {
  let lock: SQLite.Database | null;
  try {
    mkdirSync(folder, { recursive: true });
    lock = hold(folder);
    if (lock) writeFileSync(holderOf(folder), String(process.pid));
  } catch (cause) {
    throw err.DATA_FOLDER(folder, (cause as Error).message);
  }
  if (!lock) throw err.DATA_IN_USE(folder, holder(folder));
  return () => {
    rmSync(holderOf(folder), { force: true });
    lock.close();
  };
}

/** Whether a server is at work on a data folder that exists. */
export function isLocked(folder: string): boolean {
  const lock = hold(folder);
  lock?.close();
  return lock === null;
}

/** The process id of a server at work on the folder; null when there is none, or when it is this process. */
export function otherServer(folder: string): string | null {
  const pid = isLocked(folder) ? holder(folder) : null;
  return pid === String(process.pid) ? null : pid;
}
