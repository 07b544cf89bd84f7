// What the engine asks of its process, on this machine: a data folder, the user's files, sessions of one runtime.
import { realpath, stat } from 'node:fs/promises';
import { posix, resolve } from 'node:path';
import type { Asset, Image } from '@facewright/core';
import type { Session } from '@facewright/tensor';
import { err as engineErr, type EngineHost } from '@facewright/engine';
import { takePeakMemory, type Runtime } from '@facewright/runtime';
import type { DataFolder } from './data/data-folder.ts';
import { placeInside } from './files/file-name.ts';
import { judgingPage } from './judging/judging-store.ts';
import { decodeLayers, decodePicture, encodePng, previewUrl } from './files/picture-codec.ts';
import { writeWhole } from './files/write-file.ts';

export interface LocalHostOptions {
  readonly data: DataFolder;
  readonly runtime: Runtime;
  /** Where `context.files.write` writes. */
  readonly outputFolder: string;
}

/** A host for one run; used by the worker and, in process, by the CLI. */
export function createLocalHost({
  data: { assets, checkpoints, costs, files, judging, fingerprint },
  runtime,
  outputFolder,
}: LocalHostOptions): EngineHost {
  const root = resolve(outputFolder);
  /** By path, upper and lower case alike: the node that wrote it, one call of it. */
  const writers = new Map<string, { readonly node: string }>();
  /** The file of a picture, and its name for messages. */
  const bytesOf = async (image: Image | Asset): Promise<[Uint8Array, string]> => {
    const [{ id }, name] = 'asset' in image ? [image.asset, image.key] : [image, ''];
    return [await assets.read(id), name || id];
  };
  return {
    fingerprint,
    preview: previewUrl,
    checkpoints,
    spent: costs.record,
    openNode(node) {
      const writer = { node };
      const open: Session[] = [];
      return {
        memory: runtime.memory,
        peakMemory: takePeakMemory,
        async session(key, build, options) {
          if (!options?.state) return runtime.cached(key, build);
          const session = await runtime.open(await build(), options);
          open.push(session);
          return session;
        },
        assets: {
          read: ({ id }) => assets.read(id),
          write: assets.write,
          async file(ref) {
            if ('asset' in ref) {
              const stored = await assets.find(ref.asset.id);
              if (!stored) throw engineErr.MISSING_ASSET(ref.asset.id);
              return stored.path;
            }
            // Where it really lies: onnxruntime refuses weights behind symbolic links, by which many keep their models on another disk.
            // A graph may bring a reference of its own: it leads no further than a path would.
            const place = await realpath(files.resolve(ref.path)).catch(() => null);
            if (place === null || !(await stat(place)).isFile()) throw engineErr.MISSING_FILE(ref.path);
            return place;
          },
        },
        images: {
          read: async (image) => decodePicture(...(await bytesOf(image))),
          layers: async (image) => decodeLayers(...(await bytesOf(image))),
          async write(image, { key, caption }) {
            return {
              asset: await assets.write(await encodePng(image), 'image/png'),
              width: image.width,
              height: image.height,
              key,
              caption,
            };
          },
        },
        files: {
          list: files.list,
          read: files.read,
          size: files.size,
          part: files.part,
          ref: files.describe,
          exists: files.kind,
          async write(name, bytes, whenTaken) {
            const { dir, name: base, ext } = posix.parse(name);
            let path = await placeInside(root, name);
            for (let n = 2; path !== null; n++) {
              const before = writers.get(path.toLowerCase()) ?? writer;
              if (before === writer) break;
              if (whenTaken !== 'rename') throw engineErr.WRITTEN_ALREADY(name, before.node);
              path = await placeInside(root, posix.join(dir, `${base}-${n}${ext}`));
            }
            if (path === null) throw engineErr.OUTSIDE_FOLDER(name);
            writers.set(path.toLowerCase(), writer);
            await writeWhole(path, bytes);
            return path;
          },
        },
        judging: {
          async publish(task) {
            const token = judging.publish(task);
            return { page: token === null ? null : judgingPage(token) };
          },
          read: async (name) => judging.read(name),
        },
        async close() {
          await Promise.all(open.splice(0).map((session) => session.release()));
        },
      };
    },
  };
}
