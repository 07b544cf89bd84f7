// A path with nothing at it: the error says which file of that folder may have been meant.
import { nearest, type NodeContext } from '@facewright/core';
import type { CodedError } from '@facewright/tensor';
import { basename, dirname, extname, join } from 'node:path';
import { err } from './errors.ts';
import { weightEndings } from './weight-endings.ts';

const stem = (path: string): string => basename(path, extname(path));

/** LOADER_NOT_FOUND, with the file of the same folder whose name is nearest, the ending left out. */
export async function notFound(path: string, want: string, ctx: NodeContext): Promise<CodedError> {
  const files = await ctx.files.list(dirname(path), [...weightEndings, '.onnx']).catch(() => []);
  const names = new Map(files.map((file) => [stem(file), basename(file)]));
  const near = nearest(stem(path), names.keys());
  return err.NOT_FOUND(path, near === undefined ? want : `${want}, such as ${join(dirname(path), names.get(near)!)}`);
}
