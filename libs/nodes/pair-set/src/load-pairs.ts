// Load pairs: the work of the node.
import { join } from 'node:path';
import { pairSetSchema, type Image, type NodeContext, type NodeRun, type PairSet } from '@facewright/core';
import { storePicture } from '@facewright/pipelines';
import { err } from './errors.ts';
import type { loadPairs } from './folder-definitions.ts';
import { isInside, manifestFile, setFile, type PairLine, type Side } from './pair-folder.ts';
import { mostShown, pairSheet, shownPicture, type ShownPair } from './pair-sheet.ts';
import { meanScores } from './scores-of-pair.ts';

type Pair = PairSet['pairs'][number];

/** Throws PAIR_SET_NO_FOLDER, PAIR_SET_EMPTY and, with every line that is wrong, PAIR_SET_MANIFEST. */
export const run: NodeRun<typeof loadPairs> = async ({ folder, limit }, ctx) => {
  const kind = await ctx.files.exists(folder);
  if (kind !== 'folder') throw err.NO_FOLDER(folder, kind === null ? 'nothing' : 'a file');
  const file = join(folder, manifestFile);
  if ((await ctx.files.exists(file)) !== 'file') throw err.NO_FOLDER(folder, 'a folder without it');
  const text = async (path: string) => new TextDecoder().decode(await ctx.files.read(path));
  const all = (await text(file)).split('\n').filter((line) => line.trim() !== '');
  const lines = limit > 0 ? all.slice(0, limit) : all;
  if (lines.length === 0) throw err.EMPTY('nothing: the manifest has no line');

  const pairs: Pair[] = [];
  const problems: string[] = [];
  const shown: ShownPair[] = [];
  const keys = new Set<string>();
  for (const [index, line] of lines.entries()) {
    await ctx.gate();
    try {
      const { pair, pictures } = await readPair(line, folder, ctx);
      if (keys.has(pair.key)) throw new Error(`expected a key of its own, got ${pair.key} again`);
      keys.add(pair.key);
      pairs.push(pair);
      if (shown.length < mostShown)
        shown.push({
          good: shownPicture(pictures.good, pair.boxes),
          bad: shownPicture(pictures.bad, pair.boxes),
          scores: meanScores(pair),
        });
    } catch (error) {
      problems.push(`line ${index + 1}: ${error instanceof Error ? error.message : String(error)}`);
    }
    ctx.progress(index + 1, lines.length);
  }
  const about = join(folder, setFile);
  let manifest: Record<string, unknown> = {};
  try {
    if ((await ctx.files.exists(about)) === 'file') manifest = objectOf(await text(about));
  } catch (error) {
    problems.push(`${setFile}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (problems.length > 0) throw err.MANIFEST(folder, problems);
  return {
    pairs: { pairs, manifest: limit > 0 ? { ...manifest, pairs: pairs.length } : manifest },
    preview: await ctx.images.write(pairSheet(shown), { key: 'pairs', caption: 'good and bad, side by side' }),
  };
};

function objectOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  if (typeof value !== 'object' || value === null) throw new Error(`expected an object in braces, got ${text.slice(0, 40)}`);
  return value as Record<string, unknown>;
}

async function readPair(line: string, folder: string, ctx: NodeContext) {
  const { good: left, bad: right, ...rest } = objectOf(line) as unknown as PairLine;
  const read = async (side: Side, picture: PairLine['good'] | undefined) => {
    const file = picture?.file;
    if (typeof file !== 'string' || !isInside(file)) throw new Error(`${side}: expected a file inside the folder, got ${String(file)}`);
    const path = join(folder, file);
    if ((await ctx.files.exists(path)) !== 'file') throw new Error(`${side}: expected the picture ${file}, got none`);
    const { image, pixels } = await storePicture(await ctx.files.read(path), rest, ctx);
    if (image.asset.id !== `sha256:${picture!.sha256}`)
      throw new Error(`${side}: expected ${file} as it was saved, got one that was changed`);
    return { image: { ...image, ...(picture!.made && { made: picture!.made }) } satisfies Image, pixels };
  };
  const [good, bad] = [await read('good', left), await read('bad', right)];
  const size = ({ width, height }: Image) => `${width}x${height}`;
  if (size(good.image) !== size(bad.image))
    throw new Error(`expected pictures of one size, got ${size(good.image)} and ${size(bad.image)}`);
  const checked = pairSetSchema.safeParse({ pairs: [{ ...rest, good: good.image, bad: bad.image }], manifest: {} });
  if (!checked.success)
    throw new Error(checked.error.issues.map(({ path, message }) => `${path.slice(2).join('.')}: ${message}`).join('; '));
  return { pair: checked.data.pairs[0]!, pictures: { good: good.pixels, bad: bad.pixels } };
}
