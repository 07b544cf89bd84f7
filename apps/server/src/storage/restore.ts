// A data folder from a backup: every file is held against the digest that was written down, and nothing that is there is overwritten.
import { existsSync } from 'node:fs';
import { readdir, rename, rm, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import SQLite from 'better-sqlite3';
import { lockDataFolder } from '../data/data-lock.ts';
import { err } from '../errors.ts';
import { steps } from '../schema/steps.ts';
import { digestOfFile } from './digest-of-file.ts';
import { copyFile, readManifest } from './backup.ts';

export interface RestoreOptions {
  /** A folder with something in it is moved aside instead of refused. */
  readonly replace?: boolean;
  onProgress?(done: number, total: number): void;
}
export interface RestoreReport {
  readonly files: number;
  readonly bytes: number;
  /** When the backup was made, ISO 8601. */
  readonly created: string;
  /** Where the folder is now that was there before; null: there was none. */
  readonly moved: string | null;
}

/** Whether every file of a backup is there as it was written. Throws SERVER_BACKUP_DAMAGED with all that are not. */
export async function checkBackup(
  backup: string,
  onProgress?: (done: number, total: number) => void,
): Promise<Omit<RestoreReport, 'moved'>> {
  const from = resolve(backup);
  const { files, created } = await readManifest(from);
  const report = await eachFile(files, onProgress, async (name, known) => {
    const place = join(from, ...name.split('/'));
    if (((await stat(place).catch(() => null))?.size ?? -1) !== known.bytes) return false;
    return (await digestOfFile(place)) === known.sha256;
  });
  if (report.wrong.length > 0) throw err.BACKUP_DAMAGED(from, report.wrong);
  return { files: report.files, bytes: report.bytes, created };
}

/**
 * Throws SERVER_BACKUP_DAMAGED, SERVER_DATA_NEWER, SERVER_RESTORE_PLACE where there is something in the folder, SERVER_DATA_IN_USE, SERVER_DISK_FULL. Then, and when it
 * is cut off, the folder is as it was.
 */
export async function restore(
  backup: string,
  folder: string,
  { replace = false, onProgress }: RestoreOptions = {},
): Promise<RestoreReport> {
  const [from, to] = [resolve(backup), resolve(folder)];
  const { files, created, state } = await readManifest(from);
  const part = `${to}.restoring`;
  const there = (await readdir(to).catch(() => [])).length > 0;
  if (there && !replace) throw err.RESTORE_PLACE(to);
  if (there) lockDataFolder(to)();
  await rm(part, { recursive: true, force: true });
  try {
    const report = await eachFile(files, onProgress, async (name, known) => {
      const place = name.startsWith(`${state}/`) ? name.slice(state.length + 1) : name;
      const copied = await copyFile(join(from, ...name.split('/')), join(part, ...place.split('/')));
      return copied?.sha256 === known.sha256;
    });
    if (report.wrong.length > 0) throw err.BACKUP_DAMAGED(from, report.wrong);
    const database = new SQLite(join(part, 'facewright.sqlite'), { readonly: true });
    const version = database.pragma('user_version', { simple: true }) as number;
    database.close();
    if (version > steps.length) throw err.DATA_NEWER(join(from, 'facewright.sqlite'), steps.length, version);
    const moved = there ? `${to}.before-${new Date().toISOString().replaceAll(':', '-')}` : null;
    if (moved !== null) await rename(to, moved);
    else if (existsSync(to)) await rm(to, { recursive: true });
    await rename(part, to);
    return { files: report.files, bytes: report.bytes, created, moved };
  } catch (cause) {
    await rm(part, { recursive: true, force: true });
    throw cause;
  }
}

async function eachFile(
  files: Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>,
  onProgress: ((done: number, total: number) => void) | undefined,
  look: (name: string, known: { readonly bytes: number; readonly sha256: string }) => Promise<boolean>,
): Promise<{ readonly files: number; readonly bytes: number; readonly wrong: readonly string[] }> {
  const wrong: string[] = [];
  const all = Object.entries(files);
  const total = all.reduce((sum, [, { bytes }]) => sum + bytes, 0);
  let done = 0;
  for (const [name, known] of all) {
    onProgress?.(done, total);
    done += known.bytes;
    // A list of names from elsewhere: none may lead out of the folder.
    const inside = name.split('/').every((part) => part !== '' && part !== '.' && part !== '..' && !/[\\:\0]/.test(part));
    if (!inside || !(await look(name, known))) wrong.push(name);
  }
  return { files: all.length, bytes: total, wrong };
}
