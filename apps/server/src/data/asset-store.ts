// Bytes by their content: assets/ab/abcd….png. What has a name never changes, so nothing is ever written twice.
import { createHash, randomUUID } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Asset, Bytes } from '@facewright/core';
import { err as engineErr } from '@facewright/engine';
import { keepNames, writeWhole } from '../files/write-file.ts';

/** Files are named by their kind, so that other programs can open them; the first name of a kind is the one used. */
const kinds: readonly (readonly [extension: string, mediaType: string])[] = [
  ['png', 'image/png'],
  ['jpg', 'image/jpeg'],
  ['webp', 'image/webp'],
  ['gif', 'image/gif'],
  ['svg', 'image/svg+xml'],
  ['json', 'application/json'],
  ['jsonl', 'application/x-ndjson'],
  ['html', 'text/html'],
  ['csv', 'text/csv'],
  ['txt', 'text/plain'],
  ['safetensors', 'application/x-safetensors'],
  ['onnx', 'application/x-onnx'],
  ['bin', 'application/octet-stream'],
];
export const extensionOf = (mediaType: string): string =>
  kinds.find(([, type]) => type === mediaType.split(';')[0]!.trim())?.[0] ?? (/safetensors/.test(mediaType) ? 'safetensors' : 'bin');
const mediaTypeOf = (extension: string): string => kinds.find(([known]) => known === extension)?.[1] ?? 'application/octet-stream';

export interface StoredAsset {
  readonly asset: Asset;
  readonly path: string;
}
/** An asset as it lies in the folder. */
export interface AssetFile {
  readonly id: string;
  readonly path: string;
  readonly bytes: number;
  /** When it was last written, or would have been, had it not been there; ms since 1970. */
  readonly touched: number;
}
export interface AssetStore {
  /** Stores bytes under their SHA-256, safe from a power cut. Throws SERVER_DISK_FULL. */
  write(bytes: Bytes, mediaType: string): Promise<Asset>;
  /** Throws ENGINE_MISSING_ASSET. */
  read(id: string): Promise<Uint8Array>;
  /** Null when there is none, or when the file is not of the size that `bytes` says. */
  find(id: string, bytes?: number): Promise<StoredAsset | null>;
  /** Whether it is there, with so many bytes; if so it counts as written now, since what will refer to it is not stored yet. */
  touch(id: string, bytes?: number): Promise<boolean>;
  /** Every asset that is there, in no order. */
  list(): AsyncGenerator<AssetFile>;
}
export interface AssetStoreOptions {
  /** Stands for the file system in tests of full disks. */
  readonly write?: typeof writeWhole;
  /** Does `work` while nothing is removed from the store. */
  readonly locked?: <T>(work: () => T) => T;
}

export function createAssetStore(folder: string, { write = writeWhole, locked = (work) => work() }: AssetStoreOptions = {}): AssetStore {
  const find: AssetStore['find'] = async (id, bytes) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(id)?.[1];
    if (!hex) return null;
    const shelf = join(folder, hex.slice(0, 2));
    const name = (await readdir(shelf).catch(() => [])).find((entry) => entry.startsWith(`${hex}.`) && !entry.endsWith('.part'));
    const info = name === undefined ? null : await stat(join(shelf, name)).catch(() => null);
    if (!info || (bytes !== undefined && info.size !== bytes)) return null;
    return { asset: { id, mediaType: mediaTypeOf(name!.slice(65)), bytes: info.size }, path: join(shelf, name!) };
  };
  const touch: AssetStore['touch'] = async (id, bytes) => {
    const stored = await find(id, bytes);
    if (!stored) return false;
    try {
      locked(() => utimesSync(stored.path, new Date(), new Date()));
      return true;
    } catch (cause) {
      // Removed in between.
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return false;
      throw cause;
    }
  };
  return {
    find,
    touch,
    async write(bytes, mediaType) {
      const hash = createHash('sha256');
      const placeOf = (hex: string) => join(folder, hex.slice(0, 2), `${hex}.${extensionOf(mediaType)}`);
      if (bytes instanceof Uint8Array) {
        const hex = hash.update(bytes).digest('hex');
        const asset = { id: `sha256:${hex}`, mediaType, bytes: bytes.byteLength };
        // A file cut short by a crash of the machine has another size and is written again.
        if (!(await touch(asset.id, asset.bytes))) await write(placeOf(hex), bytes);
        return asset;
      }
      // The name is known when all parts have gone by.
      const arriving = join(folder, `${randomUUID()}.part`);
      let length = 0;
      await write(
        arriving,
        passing(bytes, (part) => void (hash.update(part), (length += part.byteLength))),
      );
      const hex = hash.digest('hex');
      const asset = { id: `sha256:${hex}`, mediaType, bytes: length };
      if (await touch(asset.id, length)) await rm(arriving);
      else {
        await mkdir(dirname(placeOf(hex)), { recursive: true });
        await rename(arriving, placeOf(hex));
        await keepNames(dirname(placeOf(hex)));
      }
      return asset;
    },
    async *list() {
      for (const shelf of await readdir(folder).catch(() => []))
        for (const name of await readdir(join(folder, shelf)).catch(() => [])) {
          const [, hex] = /^([0-9a-f]{64})\.\w+$/.exec(name) ?? [];
          const path = join(folder, shelf, name);
          const info = hex === undefined || hex.slice(0, 2) !== shelf ? null : await stat(path).catch(() => null);
          if (info?.isFile()) yield { id: `sha256:${hex}`, path, bytes: info.size, touched: info.mtimeMs };
        }
    },
    async read(id) {
      const stored = await find(id);
      if (!stored) throw engineErr.MISSING_ASSET(id);
      return readFile(stored.path);
    },
  };
}

async function* passing(parts: AsyncIterable<Uint8Array>, see: (part: Uint8Array) => void): AsyncGenerator<Uint8Array> {
  for await (const part of parts) {
    see(part);
    yield part;
  }
}
