// Networks in ONNX files: where a path leads, and the handle of what lies there.
import type { Model, NodeContext } from '@facewright/core';
import { basename } from 'node:path';
import { err } from './errors.ts';
import { notFound } from './not-found.ts';

/** A handle whose only component is the file itself. `inside` is where a model set keeps it, `pull` what downloads one. Throws LOADER_NOT_FOUND, LOADER_MISSING. */
export async function loadNetwork<const F extends string>(
  family: F,
  component: string,
  path: string,
  { inside, pull }: { readonly inside: string; readonly pull?: string },
  ctx: NodeContext,
): Promise<Model<F>> {
  const place = path.replace(/[/\\]+$/, '');
  const want = `an .onnx file, or a folder with ${inside}${pull === undefined ? '' : ` (facewright models pull ${pull} downloads one)`}`;
  const found = await ctx.files.exists(place);
  if (found === null) throw await notFound(path, want, ctx);
  const file = found === 'file' ? place : `${place}/${inside}`;
  if ((await ctx.files.exists(file)) !== 'file') throw err.MISSING(path, want, [inside]);
  return {
    family,
    architecture: 'onnx',
    name: basename(place).replace(/\.onnx$/, ''),
    components: { [component]: { config: {}, weights: await ctx.files.ref(file), files: {} } },
    loras: [],
  };
}
