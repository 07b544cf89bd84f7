// What a model takes when it is open, as far as its graph tells.
import { stat } from 'node:fs/promises';
import type { RunnableModel, SessionOptions } from '@facewright/tensor';
import { regionsOf, unionBytes } from './file-regions.ts';
import type { ModelSize } from './session-cache.ts';

/**
 * Where the provider `maps` weight files, sessions share them; elsewhere each has a copy of its own on its device. State is there twice, one copy is read
 * while the other is written, but for state that is written in place in memory. A file that is not there counts nothing: opening says so.
 */
export async function modelSize(
  { bytes, files, memory }: RunnableModel,
  { state = [] }: SessionOptions,
  { maps }: { readonly maps: boolean },
): Promise<ModelSize> {
  const sizes = new Map(await Promise.all(files.map(async ({ path }) => [path, (await stat(path).catch(() => null))?.size ?? 0] as const)));
  const regions = regionsOf(files, (path) => sizes.get(path)!);
  const own =
    bytes.byteLength +
    memory.reduce((sum, { data }) => sum + data.byteLength, 0) +
    state.reduce((sum, { initial, inPlace }) => sum + initial.data.byteLength * (inPlace && maps ? 1 : 2), 0);
  return maps ? { shared: regions, own } : { shared: new Map(), own: own + unionBytes([regions]) };
}
