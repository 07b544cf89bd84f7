// The tokenizer of a diffusion model's text encoder, from the files of its folder.
import type { Model, NodeContext } from '@facewright/core';
import { createClipTokenizer, parseMerges, type BpeVocabulary, type Tokenizer } from '@facewright/models';
import { err } from './errors.ts';
import { componentOf, componentText, digestOf } from './model-files.ts';
import { clipVocabulary } from './prompts/clip-vocabulary.ts';
import { recent } from './recent.ts';

/**
 * `length` is the number of positions that the text encoder has. A component without files, as single-file checkpoints have, gets the vocabulary of CLIP.
 * Throws PIPELINES_COMPONENT, and PIPELINES_FILE for a missing or malformed vocabulary.
 */
export async function openClipTokenizer(
  handle: Model<'diffusion'>,
  component: 'tokenizer' | 'tokenizer_2',
  length: number,
  ctx: NodeContext,
): Promise<Tokenizer> {
  const { config, files } = componentOf(handle, component);
  const padToken = tokenOf(config['pad_token']);
  const key = JSON.stringify([padToken, length, Object.entries(files).map(([name, ref]) => [name, digestOf(ref)])]);
  return recent(tokenizers, key, async () => {
    const vocabulary = Object.keys(files).length > 0 ? await vocabularyOfFiles(handle, component, ctx) : await clipVocabulary();
    return createClipTokenizer(vocabulary, { length, ...(padToken !== undefined && { padToken }) });
  });
}
/** Making one takes a tenth of a second, and models share them. */
const tokenizers = new Map<string, Promise<Tokenizer>>();

async function vocabularyOfFiles(handle: Model<'diffusion'>, component: string, ctx: NodeContext): Promise<BpeVocabulary> {
  const merges = parseMerges(await componentText(handle, component, 'merges.txt', ctx));
  const text = await componentText(handle, component, 'vocab.json', ctx);
  try {
    return { vocab: JSON.parse(text) as BpeVocabulary['vocab'], merges };
  } catch {
    throw err.FILE(handle.name, `${component}/vocab.json with JSON`, ['something else']);
  }
}

/** Tokens stand in configurations as text, or as objects that also say how they are matched. */
function tokenOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null && 'content' in value && typeof value.content === 'string') return value.content;
  return undefined;
}
