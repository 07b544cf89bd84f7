// Damaged files are put aside in the data folder's quarantine/, never deleted: somebody may still get something out of them.
import { copyFileSync, mkdirSync, renameSync } from 'node:fs';
import { randomUUID } from 'node:crypto';
import { basename, join } from 'node:path';

function placeFor(dataFolder: string, path: string): string {
  const folder = join(dataFolder, 'quarantine');
  mkdirSync(folder, { recursive: true });
  return join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${randomUUID().slice(0, 8)}-${basename(path)}`);
}

/** Moves a file; returns where it is now. */
export function quarantine(dataFolder: string, path: string): string {
  const place = placeFor(dataFolder, path);
  renameSync(path, place);
  return place;
}
/** Copies a file; returns where the copy is. */
export function quarantineCopy(dataFolder: string, path: string): string {
  const place = placeFor(dataFolder, path);
  copyFileSync(path, place);
  return place;
}
