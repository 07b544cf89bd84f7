// WebDataset: the work of the node.
import { basename } from 'node:path';
import type { NodeContext, NodeRun } from '@facewright/core';
import { usualColumn } from './column-names.ts';
import type { webdataset } from './definition.ts';
import { err } from './errors.ts';
import { gatherPictures, mostBytes, type Item } from './gather-pictures.ts';
import { shardMatcher } from './shard-names.ts';
import { samplesOf, type Sample } from './tar-samples.ts';

type Inputs = Parameters<NodeRun<typeof webdataset>>[0];

const pictures = ['jpg', 'jpeg', 'png', 'webp'];
const texts = ['txt', 'caption', 'json'];

/** Throws PICTURE_LIST_NO_FILE, _NO_SHARDS, _EMPTY and, with the places of all that cannot be read, _PROBLEMS. */
export const run: NodeRun<typeof webdataset> = async (inputs, ctx) => {
  const { path, limit, broken } = inputs;
  const shards = await shardsOf(inputs, ctx);
  const sizes: number[] = [];
  for (const shard of shards) sizes.push(await ctx.files.size(shard));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const images = await gatherPictures(itemsOf(shards, sizes, inputs, ctx), { what: basename(path), total, limit, broken }, ctx);
  return { images };
};

async function shardsOf({ path, shards }: Inputs, ctx: NodeContext): Promise<readonly string[]> {
  const kind = await ctx.files.exists(path);
  if (kind === null) throw err.NO_FILE('path', path, 'nothing');
  if (kind === 'file') return [path];
  const matches = shardMatcher(shards.trim() || '*.tar');
  const found = (await ctx.files.list(path, ['.tar'])).filter((file) => matches(basename(file)));
  if (found.length === 0) throw err.NO_SHARDS(path, shards);
  return found;
}

async function* itemsOf(shards: readonly string[], sizes: readonly number[], inputs: Inputs, ctx: NodeContext): AsyncGenerator<Item> {
  const endings = new Set([...pictures, ...texts]);
  let before = 0;
  for (const [i, shard] of shards.entries()) {
    for await (const sample of samplesOf(shard, { endings, mostBytes }, ctx)) {
      const done = before + sample.done;
      if ('problem' in sample) yield { where: basename(shard), done, problem: sample.problem };
      else yield { done, where: `${basename(shard)}, ${sample.key}`, ...itemOf(sample, inputs) };
    }
    before += sizes[i]!;
  }
}

function itemOf({ key, files }: Sample, { captions, field }: Inputs) {
  const ending = pictures.find((each) => files.has(each));
  if (ending === undefined)
    return { problem: `expected a picture beside ${[...files.keys()].map((each) => `.${each}`).join(', ')}, got none` };
  const picture = files.get(ending)!;
  if (typeof picture === 'number') return { problem: `expected a picture of at most ${mostBytes} bytes, got ${picture}` };
  const text = (captions === 'auto' ? texts : [captions]).find((each) => files.has(each));
  const bytes = text === undefined ? undefined : files.get(text);
  if (typeof bytes === 'number') return { problem: `expected a caption of at most ${mostBytes} bytes, got ${bytes}` };
  const caption = bytes === undefined ? '' : captionIn(new TextDecoder().decode(bytes), text === 'json' ? field : null);
  return typeof caption === 'string' ? { key, caption, read: async () => picture } : caption;
}

/** `field`: null for plain text, else the name of the caption in JSON, empty for a usual one. */
function captionIn(text: string, field: string | null): string | { readonly problem: string } {
  if (field === null) return text.trim();
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return { problem: `expected JSON with a caption, got ${text.slice(0, 40)}` };
  }
  if (typeof record !== 'object' || record === null) return { problem: `expected an object with a caption, got ${text.slice(0, 40)}` };
  const names = Object.keys(record);
  if (field !== '' && !names.includes(field))
    return { problem: `expected the field ${field} in .json, got ${names.slice(0, 20).join(', ')}` };
  const value = (record as Record<string, unknown>)[field || (usualColumn('caption', names) ?? '')];
  return typeof value === 'string' ? value.trim() : '';
}
