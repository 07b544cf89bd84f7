// The user's own files: found by their paths, and named by their content.
import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { open, opendir, readdir, readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { err as engineErr } from '@facewright/engine';
import { sha256OfFile } from '@facewright/model-library';
import type { Database } from '../data/database.ts';
import { err } from '../errors.ts';

/** Files above this are named by size, time and their ends: hashing a checkpoint of gigabytes would take longer than using it. */
const WHOLE_BELOW = 64 * 2 ** 20;
const ENDS = 2 ** 20;
/** A folder of more files than this is refused, such as a whole home directory chosen by mistake. */
const MOST_FILES = 100_000;
/** Each file of a folder of at most so many is told with its digest. */
const LISTED_FILES = 1000;

export interface UserFiles {
  /** An absolute path: `~` is the home folder; a relative path is tried in the working directory, the models folders (checkpoints/realistic.safetensors), then Facewright's own folder (models/tiny-faces). */
  /** Throws SERVER_PATH, as all below, for a path that leads out of the allowed folders. */
  resolve(path: string): string;
  kind(path: string): Promise<'file' | 'folder' | null>;
  /** Throws ENGINE_MISSING_FILE. */
  read(path: string): Promise<Uint8Array>;
  /** Bytes of a file. Throws ENGINE_MISSING_FILE. */
  size(path: string): Promise<number>;
  /** Bytes of a file, or of everything in a folder; null where there is nothing. */
  wholeSize(path: string): Promise<number | null>;
  /** The bytes from `start` up to `end`, fewer where the file ends before. Throws ENGINE_MISSING_FILE. */
  part(path: string, start: number, end: number): Promise<Uint8Array>;
  /** Not recursive, without hidden files, sorted by name; endings such as '.png' in any case. Throws ENGINE_MISSING_FOLDER. */
  list(folder: string, endings: readonly string[]): Promise<readonly string[]>;
  /** Size and content digest. Throws ENGINE_MISSING_FILE. */
  describe(path: string): Promise<{ readonly path: string; readonly bytes: number; readonly digest: string }>;
  /**
   * SHA-256 of the whole content of a file, however large, or of a folder with everything in it, in hex; null where there is nothing. `files`: of each file in a
   * folder, by its path in it, unless there are many.
   */
  content(
    path: string,
  ): Promise<{ readonly bytes: number; readonly sha256: string | null; readonly files?: Readonly<Record<string, string>> }>;
  /** Digest of a file, or of a folder with everything in it; 'nothing' where there is nothing. */
  fingerprint(path: string): Promise<string>;
}

/** Where a path really leads, through symbolic links; of one that is not there, as far as it is. */
function realPlace(path: string): string {
  try {
    return realpathSync.native(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(realPlace(parent), basename(path));
  }
}

/** `roots`: where relative paths are looked for, in this order. `allowed`: folders that paths may lead into; null: anywhere. Digests are remembered by path, size and time. */
export function createUserFiles(database: Database, roots: readonly string[], allowed: readonly string[] | null = null): UserFiles {
  const known = database.prepare<[string, string], { digest: string }>('SELECT digest FROM digests WHERE path = ? AND stamp = ?');
  const remember = database.prepare(
    'INSERT INTO digests (path, stamp, digest) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET stamp = excluded.stamp, digest = excluded.digest',
  );

  const knownContent = database
    .prepare<[string, string], string>('SELECT sha256 FROM content_digests WHERE path = ? AND stamp = ?')
    .pluck();
  const rememberContent = database.prepare(
    'INSERT INTO content_digests (path, stamp, sha256) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET stamp = excluded.stamp, sha256 = excluded.sha256',
  );

  const realAllowed = allowed?.map(realPlace);
  const isAllowed = (path: string): boolean => {
    const place = realPlace(path);
    return realAllowed?.some((folder) => place === folder || place.startsWith(folder + sep)) ?? true;
  };
  const find = (path: string): string => {
    const place = whereverItIs(path);
    if (path.includes('\0') || !isAllowed(place)) throw err.PATH(path);
    return place;
  };
  const whereverItIs = (path: string): string => {
    const home = path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
    if (isAbsolute(home)) return resolve(home);
    const places = roots.map((root) => resolve(root, home));
    return places.find((place) => existsSync(place) && isAllowed(place)) ?? places.find(isAllowed) ?? places[0]!;
  };
  const infoOf = (path: string) => stat(path, { bigint: true }).catch(() => null);

  async function digestOf(path: string, size: bigint, time: bigint): Promise<string> {
    const stamp = `${size}:${time}`;
    const before = known.get(path, stamp);
    if (before) return before.digest;
    const digest =
      size <= WHOLE_BELOW
        ? `sha256:${createHash('sha256')
            .update(await readFile(path))
            .digest('hex')}`
        : await digestOfEnds(path, Number(size), stamp);
    remember.run(path, stamp, digest);
    return digest;
  }

  async function contentOf(path: string, size: bigint, time: bigint): Promise<string> {
    if (size <= WHOLE_BELOW) return (await digestOf(path, size, time)).replace('sha256:', '');
    const stamp = `${size}:${time}`;
    const before = knownContent.get(path, stamp);
    if (before !== undefined) return before;
    const sha256 = await sha256OfFile(path);
    rememberContent.run(path, stamp, sha256);
    return sha256;
  }

  async function describe(path: string) {
    const place = find(path);
    const info = await infoOf(place);
    if (!info?.isFile()) throw engineErr.MISSING_FILE(place);
    return { path: place, bytes: Number(info.size), digest: await digestOf(place, info.size, info.mtimeNs) };
  }

  return {
    resolve: find,
    describe,
    async kind(path) {
      const info = await infoOf(find(path));
      return info?.isFile() ? 'file' : info?.isDirectory() ? 'folder' : null;
    },
    async read(path) {
      const place = find(path);
      // A device or a pipe has no end.
      if (!(await infoOf(place))?.isFile()) throw engineErr.MISSING_FILE(place);
      return readFile(place).catch(() => {
        throw engineErr.MISSING_FILE(place);
      });
    },
    async size(path) {
      const info = await infoOf(find(path));
      if (!info?.isFile()) throw engineErr.MISSING_FILE(find(path));
      return Number(info.size);
    },
    async wholeSize(path) {
      const place = find(path);
      const info = await infoOf(place);
      if (!info?.isDirectory()) return info ? Number(info.size) : null;
      const sizes = await Promise.all((await filesUnder(place)).map(async (name) => Number((await infoOf(name))?.size ?? 0)));
      return sizes.reduce((sum, size) => sum + size, 0);
    },
    async part(path, start, end) {
      const file = await open(find(path)).catch(() => {
        throw engineErr.MISSING_FILE(find(path));
      });
      try {
        const buffer = new Uint8Array(Math.max(0, end - start));
        let filled = 0;
        while (filled < buffer.length) {
          const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, start + filled).catch(() => {
            throw engineErr.MISSING_FILE(find(path));
          });
          if (bytesRead === 0) break;
          filled += bytesRead;
        }
        return buffer.subarray(0, filled);
      } finally {
        await file.close();
      }
    },
    async list(folder, endings) {
      const place = find(folder);
      const entries = await readdir(place, { withFileTypes: true }).catch(() => {
        throw engineErr.MISSING_FOLDER(place);
      });
      const wanted = new Set(endings.map((ending) => ending.toLowerCase()));
      return entries
        .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.') && wanted.has(extname(entry.name).toLowerCase()))
        .map(({ name }) => name)
        .sort()
        .map((name) => join(place, name));
    },
    async content(path) {
      const place = find(path);
      const info = await infoOf(place);
      if (info?.isFile()) return { bytes: Number(info.size), sha256: await contentOf(place, info.size, info.mtimeNs) };
      if (!info?.isDirectory()) return { bytes: 0, sha256: null };
      const names = await filesUnder(place);
      const files: Record<string, string> = {};
      const whole = createHash('sha256');
      let bytes = 0;
      for (const name of names) {
        const file = await infoOf(name);
        if (!file?.isFile()) continue;
        bytes += Number(file.size);
        const inside = relative(place, name).split(sep).join('/');
        files[inside] = await contentOf(name, file.size, file.mtimeNs);
        whole.update(`${inside}\0${files[inside]}\n`);
      }
      return { bytes, sha256: whole.digest('hex'), ...(names.length <= LISTED_FILES && { files }) };
    },
    async fingerprint(path) {
      const place = find(path);
      const info = await infoOf(place);
      if (info?.isFile()) return digestOf(place, info.size, info.mtimeNs);
      if (!info?.isDirectory()) return 'nothing';
      const names = await filesUnder(place);
      const hash = createHash('sha256');
      for (const name of names) {
        const file = await infoOf(name);
        hash.update(`${relative(place, name)}\0${file?.isFile() ? await digestOf(name, file.size, file.mtimeNs) : 'nothing'}\n`);
      }
      return `folder:${hash.digest('hex')}`;
    },
  };
}

/** Everything in a folder, folders inside it included, sorted. */
async function filesUnder(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const entry of await opendir(folder, { recursive: true })) {
    if (entry.isDirectory()) continue;
    if (names.length === MOST_FILES) throw engineErr.MISSING_FOLDER(`${folder} of at most ${MOST_FILES} files`);
    names.push(join(entry.parentPath, entry.name));
  }
  return names.sort();
}

async function digestOfEnds(path: string, size: number, stamp: string): Promise<string> {
  const file = await open(path);
  try {
    const hash = createHash('sha256').update(stamp);
    for (const position of [0, size - ENDS]) hash.update((await file.read({ buffer: Buffer.alloc(ENDS), position })).buffer);
    return `ends:${hash.digest('hex')}`;
  } finally {
    await file.close();
  }
}
