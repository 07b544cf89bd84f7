// A download that is not whole yet: FILE.part beside the target, and FILE.part.json which says of what it is a part.
import { createHash } from 'node:crypto';
import { readFile, rm, stat, writeFile } from 'node:fs/promises';

export interface PartState {
  /** SHA-256 of the address, which may hold a token. */
  readonly of: string;
  /** ETag or Last-Modified, whichever the server gave: If-Range takes both. Null: the download cannot be taken up again. */
  readonly validator: string | null;
  /** Bytes of the whole file; null where the server does not say. */
  readonly total: number | null;
}
export interface PartFile {
  readonly path: string;
  /** What is there of this address, and how much; null when there is nothing that could be continued. */
  read(url: string): Promise<{ readonly state: PartState; readonly bytes: number } | null>;
  write(state: PartState): Promise<void>;
  /** Removes the note; the bytes too unless they were moved. */
  remove(): Promise<void>;
}

export const addressDigest = (url: string): string => createHash('sha256').update(url).digest('hex');

export function partFile(target: string): PartFile {
  const path = `${target}.part`;
  const note = `${path}.json`;
  return {
    path,
    async read(url) {
      try {
        const state = JSON.parse(await readFile(note, 'utf8')) as PartState;
        const bytes = (await stat(path)).size;
        return state.of === addressDigest(url) && state.validator !== null && bytes > 0 ? { state, bytes } : null;
      } catch {
        return null;
      }
    },
    write: (state) => writeFile(note, JSON.stringify(state)),
    async remove() {
      await rm(path, { force: true });
      await rm(note, { force: true });
    },
  };
}
