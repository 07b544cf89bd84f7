// One server at a time on a data folder: a second one would take the first one's runs for abandoned.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { err } from './errors.ts';

/** Whether a process with this id runs on this machine. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Gives back how to unlock. A lock whose process is gone does not count. Throws SERVER_DATA_IN_USE or SERVER_DATA_FOLDER. */
export function lockDataFolder(folder: string): () => void {
  const path = join(folder, 'server.lock');
  const take = () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, String(process.pid), { flag: 'wx' });
  };
  try {
    take();
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw err.DATA_FOLDER(folder, (cause as Error).message);
    const pid = Number(readFileSync(path, 'utf8'));
    if (Number.isInteger(pid) && pid > 0 && isAlive(pid)) throw err.DATA_IN_USE(folder, pid);
    rmSync(path, { force: true });
    take();
  }
  return () => rmSync(path, { force: true });
}
