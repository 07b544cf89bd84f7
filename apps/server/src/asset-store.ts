// Bytes by their content: assets/ab/abcd….png. What has a name never changes, so nothing is ever written twice.
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Asset, Bytes } from '@facewright/core';
import { err as engineErr } from '@facewright/engine';
import { writeWhole } from './write-file.ts';

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
export interface AssetStore {
  /** Stores bytes under their SHA-256. Throws SERVER_DISK_FULL. */
  write(bytes: Bytes, mediaType: string): Promise<Asset>;
  /** Throws ENGINE_MISSING_ASSET. */
  read(id: string): Promise<Uint8Array>;
  /** Null when there is none, or when the file is not of the size that `bytes` says. */
  find(id: string, bytes?: number): Promise<StoredAsset | null>;
}

export function createAssetStore(folder: string, write = writeWhole): AssetStore {
  const find: AssetStore['find'] = async (id, bytes) => {
    const hex = /^sha256:([0-9a-f]{64})$/.exec(id)?.[1];
    if (!hex) return null;
    const shelf = join(folder, hex.slice(0, 2));
    const name = (await readdir(shelf).catch(() => [])).find((entry) => entry.startsWith(`${hex}.`) && !entry.endsWith('.part'));
    const info = name === undefined ? null : await stat(join(shelf, name)).catch(() => null);
    if (!info || (bytes !== undefined && info.size !== bytes)) return null;
    return { asset: { id, mediaType: mediaTypeOf(name!.slice(65)), bytes: info.size }, path: join(shelf, name!) };
  };
  return {
    find,
    async write(bytes, mediaType) {
      const hash = createHash('sha256');
      const placeOf = (hex: string) => join(folder, hex.slice(0, 2), `${hex}.${extensionOf(mediaType)}`);
      if (bytes instanceof Uint8Array) {
        const hex = hash.update(bytes).digest('hex');
        const asset = { id: `sha256:${hex}`, mediaType, bytes: bytes.byteLength };
        // A file cut short by a crash of the machine has another size and is written again.
        if (!(await find(asset.id, asset.bytes))) await write(placeOf(hex), bytes);
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
      if (await find(asset.id, length)) await rm(arriving);
      else {
        await mkdir(dirname(placeOf(hex)), { recursive: true });
        await rename(arriving, placeOf(hex));
      }
      return asset;
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
