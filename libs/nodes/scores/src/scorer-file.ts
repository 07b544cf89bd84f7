// The file that a loader of a scorer is to open.
import type { FileRef, NodeContext } from '@facewright/core';
import { basename } from 'node:path';
import { err } from './errors.ts';

/** `pull` names what the command downloads. Throws SCORER_MISSING. */
export async function scorerFile(path: string, want: string, pull: string, ctx: NodeContext): Promise<FileRef> {
  const found = await ctx.files.exists(path);
  if (found !== 'file') throw err.MISSING(path, want, found === 'folder' ? 'a folder' : 'nothing there', pull);
  return ctx.files.ref(path);
}

/** What a model is called in tables: its file without the ending. */
export const nameOf = (path: string): string => basename(path).replace(/\.(safetensors|ckpt|pt|pth|bin|onnx)$/, '');
