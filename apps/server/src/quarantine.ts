// Damaged files are put aside in the data folder's quarantine/, never deleted: somebody may still get something out of them.
import { mkdirSync, renameSync } from 'node:fs';
import { basename, join } from 'node:path';

/** Returns where the file is now. */
export function quarantine(dataFolder: string, path: string): string {
  const folder = join(dataFolder, 'quarantine');
  mkdirSync(folder, { recursive: true });
  const place = join(folder, `${new Date().toISOString().replaceAll(':', '-')}-${basename(path)}`);
  renameSync(path, place);
  return place;
}
