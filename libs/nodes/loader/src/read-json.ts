// JSON files of a model's folder.
import type { NodeContext } from '@facewright/core';
import type { Json } from '@facewright/models';
import { err } from './errors.ts';

/** An object in a JSON file. Throws LOADER_JSON. */
export async function readJson(path: string, ctx: NodeContext): Promise<Json> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(await ctx.files.read(path)));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof TypeError)) throw error;
    throw err.JSON(path, error.message);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw err.JSON(path, 'another value');
  return value as Json;
}

/** The first of the names that is a file of the folder. */
export async function firstFile(folder: string, names: readonly string[], ctx: NodeContext): Promise<string | null> {
  for (const name of names) if ((await ctx.files.exists(`${folder}/${name}`)) === 'file') return `${folder}/${name}`;
  return null;
}
