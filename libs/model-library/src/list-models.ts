// What lies in the models folders: names, sizes and times, without opening a single file.
import { readdir, realpath, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { modelFolders, type ModelFolder } from '@facewright/core';
import { markersOf, modelEndings, placesOf } from './folders.ts';

export interface ModelFile {
  /** As graphs write it, with forward slashes: `checkpoints/realistic.safetensors`. */
  readonly path: string;
  readonly folder: ModelFolder;
  /** Told by the ending alone: 'torch' is .ckpt, .pt, .pth and .bin; 'folder' is a model in files of its own, such as diffusers writes. */
  readonly kind: 'safetensors' | 'torch' | 'onnx' | 'folder';
  readonly bytes: number;
  /** ISO 8601. */
  readonly modified: string;
}

const asPeopleSort = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/**
 * Every model of the folders asked for, sorted by folder and path; subfolders and links are followed, hidden files are not listed. Where two models
 * folders hold the same path, the first is listed: it is the one that a graph gets. A folder that is not there is empty.
 */
export async function listModels(roots: readonly string[], folders: readonly ModelFolder[] = modelFolders): Promise<ModelFile[]> {
  const found = new Map<string, ModelFile>();
  for (const root of roots)
    for (const folder of folders)
      for (const place of placesOf(folder))
        for (const file of await walk(join(root, place), place, folder, new Set())) if (!found.has(file.path)) found.set(file.path, file);
  const order = new Map(modelFolders.map((folder, i) => [folder, i]));
  return [...found.values()].sort((a, b) => order.get(a.folder)! - order.get(b.folder)! || asPeopleSort.compare(a.path, b.path));
}

/** `above`: real paths of the folders that lead here, so that a link to one of them does not go round in circles. */
async function walk(path: string, name: string, folder: ModelFolder, above: ReadonlySet<string>): Promise<ModelFile[]> {
  const real = await realpath(path).catch(() => null);
  if (real === null || above.has(real)) return [];
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const markers = markersOf(folder);
  // The folder of a kind is never a model itself.
  if (above.size > 0 && entries.some((entry) => markers.includes(entry.name))) return [await wholeFolder(path, name, folder)];
  const below = new Set([...above, real]);
  const lists = await Promise.all(
    entries
      .filter((entry) => !entry.name.startsWith('.'))
      .map(async (entry): Promise<ModelFile[]> => {
        const [place, called] = [join(path, entry.name), `${name}/${entry.name}`];
        const listed = modelEndings.has(extname(entry.name).toLowerCase());
        if (!listed && entry.isFile()) return [];
        const info = await stat(place).catch(() => null);
        if (info?.isDirectory()) return walk(place, called, folder, below);
        if (!listed || !info?.isFile()) return [];
        return [{ path: called, folder, kind: kindOf(entry.name), bytes: info.size, modified: info.mtime.toISOString() }];
      }),
  );
  return lists.flat();
}

function kindOf(name: string): ModelFile['kind'] {
  const ending = extname(name).toLowerCase();
  return ending === '.safetensors' ? 'safetensors' : ending === '.onnx' ? 'onnx' : 'torch';
}

/** Size and latest change of everything inside. */
async function wholeFolder(path: string, name: string, folder: ModelFolder): Promise<ModelFile> {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  const infos = await Promise.all(entries.map(({ parentPath, name: file }) => stat(join(parentPath, file)).catch(() => null)));
  const files = infos.filter((info) => info?.isFile() === true);
  return {
    path: name,
    folder,
    kind: 'folder',
    bytes: files.reduce((sum, info) => sum + info!.size, 0),
    modified: new Date(Math.max(0, ...files.map((info) => info!.mtimeMs))).toISOString(),
  };
}
