// Assets that files of the data folder name: saved graphs and checkpoints. What the databases name is in asset_refs and result_assets.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensorsHeader } from '@facewright/weights';

/** Some more than once. */
export const assetIdsIn = (text: string): readonly string[] => [...text.matchAll(/sha256:[0-9a-f]{64}/g)].map(([id]) => id);

/** Paths of the files below a folder with an ending. */
export async function filesBelow(folder: string, ending: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isFile() && entry.name.endsWith(ending)).map(({ parentPath, name }) => join(parentPath, name));
}

/** Ids, some more than once. A file that cannot be read names nothing. */
export async function* namedAssets(dataFolder: string): AsyncGenerator<string> {
  for (const file of await filesBelow(join(dataFolder, 'graphs'), '.json')) yield* assetIdsIn(await readFile(file, 'utf8').catch(() => ''));
  for (const file of await filesBelow(join(dataFolder, 'checkpoints'), '.safetensors')) {
    const header = await readSafetensorsHeader(file).catch(() => null);
    yield* assetIdsIn(header?.metadata['data'] ?? '');
  }
}
