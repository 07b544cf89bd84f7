// Image folder: the work of the node.
import type { Image, NodeContext, NodeRun } from '@facewright/core';
import { storePicture } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { basename } from 'node:path';
import type { definition } from './definition.ts';
import { err } from './errors.ts';

const endings = ['.png', '.jpg', '.jpeg', '.webp'] as const;
const withoutEnding = (path: string) => path.replace(/\.[^./]+$/, '');

/** Throws IMAGE_FOLDER_NO_FOLDER, IMAGE_FOLDER_EMPTY and, with the names of all bad files, IMAGE_FOLDER_UNREADABLE. */
export const run: NodeRun<typeof definition> = async ({ folder, limit, captions, broken }, ctx) => {
  const found = await ctx.files.exists(folder);
  if (found !== 'folder') throw err.NO_FOLDER(folder, found === null ? 'nothing' : 'a file');
  const all = await ctx.files.list(folder, endings);
  const paths = limit > 0 ? all.slice(0, limit) : all;
  if (paths.length === 0) throw err.EMPTY(folder);
  const images: Image[] = [];
  const problems: string[] = [];
  for (const [index, path] of paths.entries()) {
    ctx.signal.throwIfAborted();
    let picture: ImageBuffer | undefined;
    try {
      const caption = captions === 'sidecar' ? await sidecarOf(path, ctx) : '';
      const { image, pixels } = await storePicture(await ctx.files.read(path), { key: basename(path), caption }, ctx);
      images.push(image);
      picture = pixels;
    } catch (error) {
      problems.push(`${basename(path)}: ${error instanceof Error ? error.message : String(error)}`);
    }
    ctx.progress(index + 1, paths.length, picture);
  }
  if (problems.length > 0) {
    const error = err.UNREADABLE(problems);
    if (broken === 'refuse' || images.length === 0) throw error;
    ctx.log('warn', error.message);
  }
  return { images };
};

/** The text file of the same name; empty where there is none. */
async function sidecarOf(path: string, ctx: NodeContext): Promise<string> {
  const file = `${withoutEnding(path)}.txt`;
  return (await ctx.files.exists(file)) === 'file' ? new TextDecoder().decode(await ctx.files.read(file)).trim() : '';
}
