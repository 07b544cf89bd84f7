// Weight files where onnxruntime reads them in place: one folder in which every location of the graph leads to its file.
import { copyFile, link, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, normalize, resolve, sep } from 'node:path';
import type { RunnableModel } from '@facewright/tensor';
import { err } from './errors.ts';

export interface PlacedWeights {
  /** For `session.model_external_initializers_file_folder_path`; null when nothing is in files. */
  readonly folder: string | null;
  /** Weights that onnxruntime takes from memory. */
  readonly memory: RunnableModel['memory'];
  /** Size of all weights, in files and in memory. */
  readonly bytes: number;
  /** Removes links, never the user's files. */
  remove(): Promise<void>;
}

/**
 * The user's own folder when all files lie there under their locations. Otherwise a fresh folder of hard links under `linkFolder`, or of copies when that is on
 * another file system: onnxruntime refuses symbolic links that lead out of the folder. Weights in memory are written there too, since it takes either
 * files or memory, not both. Throws RUNTIME_WEIGHTS.
 */
export async function placeWeights({ files, memory }: RunnableModel, linkFolder: string): Promise<PlacedWeights> {
  const sizes = await Promise.all(
    files.map(async ({ path }) => {
      const info = await stat(path).catch((cause: Error) => {
        throw err.WEIGHTS(path, cause.message);
      });
      if (!info.isFile()) throw err.WEIGHTS(path, 'something that is not a file');
      return info.size;
    }),
  );
  const bytes = [...sizes, ...memory.map(({ data }) => data.byteLength)].reduce((a, b) => a + b, 0);
  const first = files[0];
  if (!first) return { folder: null, memory, bytes, remove: async () => {} };
  const folder = first.path.slice(0, -normalize(first.location).length - 1);
  if (!memory.length && files.every(({ path, location }) => resolve(path) === resolve(folder, location)))
    return { folder, memory, bytes, remove: async () => {} };

  await mkdir(linkFolder, { recursive: true });
  const links = await mkdtemp(join(linkFolder, 'weights-'));
  const remove = () => rm(links, { recursive: true, force: true });
  try {
    for (const { location } of [...files, ...memory]) {
      const at = join(links, location);
      if (isAbsolute(location) || !at.startsWith(links + sep)) throw err.WEIGHTS(location, 'a location outside of the folder of the model');
      await mkdir(dirname(at), { recursive: true });
    }
    for (const { location, data } of memory) await writeFile(join(links, location), data);
    for (const { path, location } of files) await link(path, join(links, location)).catch(() => copyFile(path, join(links, location)));
  } catch (cause) {
    await remove();
    throw cause;
  }
  return { folder: links, memory: [], bytes, remove };
}
