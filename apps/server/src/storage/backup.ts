// A copy of a data folder that is consistent while a server writes to it: databases as of one moment, then the files that they may refer to.
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { Transform, type TransformCallback } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import type { Database } from '../data/database.ts';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import { writeWhole } from '../files/write-file.ts';

const MANIFEST = 'backup.json';
const manifestSchema = z.object({
  facewright: z.literal('backup 1'),
  created: z.string(),
  /** The folder of everything but assets, which belongs to this one backup. */
  state: z.string().regex(/^state-[\w.-]+$/),
  /** By path in the backup, with / between names. */
  files: z.record(z.string(), z.object({ bytes: z.number(), sha256: z.string() })),
});
export type BackupManifest = z.infer<typeof manifestSchema>;

export interface BackupReport {
  readonly files: number;
  readonly bytes: number;
  /** Files that an earlier backup in the same folder had already. */
  readonly kept: number;
  /** Assets that are damaged in the data folder; they are left out. */
  readonly damaged: readonly string[];
}
/** What is copied besides the databases, in this order: what is copied later may be referred to by what was copied before. */
const FOLDERS = ['graphs', 'checkpoints', 'runs', 'assets'];

/**
 * Into an empty folder, or one with an earlier backup: then only assets that are new are copied, and the earlier one holds until this is whole. Throws
 * SERVER_BACKUP_PLACE, SERVER_DISK_FULL or SERVER_WRITE_FAILED.
 */
export async function backUp(data: DataFolder, target: string, onProgress?: (done: number, total: number) => void): Promise<BackupReport> {
  const to = resolve(target);
  if (`${to}${sep}`.startsWith(`${data.path}${sep}`)) throw err.BACKUP_PLACE(to, 'one inside the data folder');
  const begun = join(to, 'backup.begun');
  const there = await readdir(to).catch(() => []);
  if (there.length > 0 && !existsSync(join(to, MANIFEST)) && !existsSync(begun)) throw err.BACKUP_PLACE(to, `one with ${there[0]}`);
  const before = existsSync(join(to, MANIFEST)) ? (await readManifest(to)).files : {};
  await writeWhole(begun, '');
  const created = new Date().toISOString();
  const state = `state-${created.replaceAll(':', '-')}`;
  const end = data.leases.begin('backup');
  try {
    // Whoever removes files looks for leases while it holds this lock.
    data.results.transaction(() => {}).immediate();
    const files: Record<string, { bytes: number; sha256: string }> = {};
    for (const [name, database] of [
      ['results.sqlite', data.results],
      ['facewright.sqlite', data.database],
    ] as const)
      files[`${state}/${name}`] = await snapshot(database, join(to, state, name));

    const names = await listFiles(data.path);
    const total = names.reduce((sum, { bytes }) => sum + bytes, 0);
    const damaged: string[] = [];
    let [done, kept] = [0, 0];
    for (const { name, bytes } of names) {
      onProgress?.(done, total);
      done += bytes;
      const hex = /^assets\/\w\w\/([0-9a-f]{64})\.\w+$/.exec(name)?.[1];
      const stored = hex === undefined ? `${state}/${name}` : name;
      const place = join(to, ...stored.split('/'));
      const known = before[stored];
      // The content of an asset's name never changes.
      if (hex !== undefined && known?.bytes === bytes && (await stat(place).catch(() => null))?.size === bytes) {
        files[stored] = known;
        kept++;
        continue;
      }
      const copied = await copyFile(join(data.path, ...name.split('/')), place);
      if (copied === null) continue;
      if (hex !== undefined && copied.sha256 !== hex) {
        damaged.push(name);
        await rm(place);
      } else files[stored] = copied;
    }
    const manifest: BackupManifest = { facewright: 'backup 1', created, state, files };
    await writeWhole(join(to, MANIFEST), `${JSON.stringify(manifest, null, 1)}\n`);
    // Of the backup before, and of those that were cut off.
    for (const name of Object.keys(before)) if (!(name in files)) await rm(join(to, ...name.split('/')), { force: true });
    for (const name of await readdir(to)) if (name.startsWith('state-') && name !== state) await rm(join(to, name), { recursive: true });
    await rm(begun, { force: true });
    const sizes = Object.values(files);
    return { files: sizes.length, bytes: sizes.reduce((sum, { bytes }) => sum + bytes, 0), kept, damaged };
  } finally {
    end();
  }
}

/** Throws SERVER_BACKUP_DAMAGED where there is no whole backup. */
export async function readManifest(folder: string): Promise<BackupManifest> {
  const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => null);
  if (text === null)
    throw err.BACKUP_DAMAGED(folder, existsSync(join(folder, 'backup.begun')) ? ['one that was cut off'] : [`no ${MANIFEST}`]);
  try {
    return manifestSchema.parse(JSON.parse(text));
  } catch {
    throw err.BACKUP_DAMAGED(folder, [`${MANIFEST} that cannot be read`]);
  }
}

/** A whole database as of now, while others write. */
async function snapshot(database: Database, place: string): Promise<{ bytes: number; sha256: string }> {
  const copy = `${place}.copy`;
  await mkdir(dirname(place), { recursive: true });
  database.prepare('VACUUM INTO ?').run(copy);
  const copied = (await copyFile(copy, place))!;
  await rm(copy);
  return copied;
}

async function listFiles(folder: string): Promise<{ readonly name: string; readonly bytes: number }[]> {
  const found = [];
  for (const below of FOLDERS)
    for (const entry of await readdir(join(folder, below), { recursive: true, withFileTypes: true }).catch(() => [])) {
      const path = join(entry.parentPath, entry.name);
      const info = entry.isFile() && !/\.(part|tmp)$/.test(entry.name) ? await stat(path).catch(() => null) : null;
      if (info) found.push({ name: relative(folder, path).split(sep).join('/'), bytes: info.size });
    }
  return found;
}

/** Whole or not at all, safe on the disk. Null when there is no such file any more. */
export async function copyFile(from: string, to: string): Promise<{ bytes: number; sha256: string } | null> {
  const hash = createHash('sha256');
  let bytes = 0;
  const see = new Transform({
    transform(chunk: Uint8Array, _: BufferEncoding, next: TransformCallback) {
      hash.update(chunk);
      bytes += chunk.length;
      next(null, chunk);
    },
  });
  const part = `${to}.part`;
  await mkdir(dirname(to), { recursive: true });
  try {
    await pipeline(createReadStream(from), see, createWriteStream(part, { flush: true }));
    await rename(part, to);
  } catch (cause) {
    await rm(part, { force: true });
    const { code, path, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' && path === from) return null;
    throw code === 'ENOSPC' || code === 'EDQUOT' ? err.DISK_FULL(to) : err.WRITE_FAILED(to, message);
  }
  return { bytes, sha256: hash.digest('hex') };
}
