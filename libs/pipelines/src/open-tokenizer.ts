// The tokenizer of a diffusion model's text encoder, from the files of its folder.
import type { Model, NodeContext } from '@facewright/core';
import { createClipTokenizer, parseMerges, type Tokenizer } from '@facewright/models';
import { err } from './errors.ts';
import { componentOf, componentText } from './model-files.ts';

/** `length` is the number of positions that the text encoder has. Throws PIPELINES_FILE for a missing or malformed vocabulary. */
export async function openClipTokenizer(handle: Model<'diffusion'>, length: number, ctx: NodeContext): Promise<Tokenizer> {
  const merges = parseMerges(await componentText(handle, 'tokenizer', 'merges.txt', ctx));
  const vocabulary = await componentText(handle, 'tokenizer', 'vocab.json', ctx);
  const padToken = tokenOf(componentOf(handle, 'tokenizer').config['pad_token']);
  let vocab: Readonly<Record<string, number>>;
  try {
    vocab = JSON.parse(vocabulary) as typeof vocab;
  } catch {
    throw err.FILE(handle.name, 'tokenizer/vocab.json with JSON', ['something else']);
  }
  return createClipTokenizer({ vocab, merges }, { length, ...(padToken !== undefined && { padToken }) });
}

/** Tokens stand in configurations as text, or as objects that also say how they are matched. */
function tokenOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') return value.content;
  return undefined;
}
