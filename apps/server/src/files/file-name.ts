// Names of files that come from people and graphs, and where they may lead: nowhere but into the folder they are meant for, on every system alike.
import { lstat } from 'node:fs/promises';
import { join } from 'node:path';

/** File systems take 255; what is written beside a file while it is written has a longer name than the file. */
const MOST_BYTES = 200;
/** Windows opens devices under these names, whatever the ending. */
const DEVICE = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³])(\.|$)/i;
/** Control characters and those that turn the writing direction, halves of characters, separators, wildcards, streams of NTFS. */
const FORBIDDEN = /[\p{Cc}\p{Cf}\p{Cs}<>:"/\\|?*]/u;

/** Whether every system keeps a file under this name as it is: composed (NFC), no folder in it, no device, no end that Windows drops. */
export const isFileName = (name: string): boolean =>
  name !== '' &&
  name === name.normalize('NFC') &&
  !FORBIDDEN.test(name) &&
  // Fullwidth dots and slashes are ordinary letters, until something folds them.
  !/^\.+$|[/\\]/.test(name.normalize('NFKC')) &&
  !/[. ]$|^ /.test(name) &&
  !DEVICE.test(name) &&
  Buffer.byteLength(name) <= MOST_BYTES;

/** The path of a name in a folder, which may lead into folders of it; null for a name that is none, and where a symbolic link stands on the way. */
export async function placeInside(folder: string, name: string): Promise<string | null> {
  const parts = name.split('/');
  if (!parts.every(isFileName)) return null;
  let place = folder;
  for (const part of parts.slice(0, -1)) {
    place = join(place, part);
    const info = await lstat(place).catch(() => null);
    if (info?.isSymbolicLink()) return null;
    if (!info) break;
  }
  return join(folder, ...parts);
}
