// Prompts to conditioning: emphasis, chunks of 75 tokens, textual inversions, one text encoder or two.
import type { NodeContext } from '@facewright/core';
import type { Tokenizer } from '@facewright/models';
import { sizeOf, type Tensor } from '@facewright/tensor';
import { gatherRows } from '../run-rows.ts';
import { chunkPrompt, type Chunk } from './chunk-prompt.ts';
import { embeddingFinder } from './find-embeddings.ts';

type Floats = Tensor<'float32'>;

export interface TextRequest {
  /** int64 [rows, tokens], flat. */
  readonly ids: BigInt64Array;
  readonly rows: number;
  readonly tokens: number;
  /** int64 [rows]: the position of the first end token, where the pooled output is taken. */
  readonly poolIndex: BigInt64Array;
  /** Vectors [rows, tokens, width] that stand for tokens where the mask [rows, tokens, 1] is 1; absent when no row has any. */
  readonly embeds?: { readonly vectors: Float32Array; readonly mask: Float32Array };
}

/** A text encoder opened for use. Which layer `hidden` [rows, tokens, width] comes from is its own choice; `pooled` is [rows, any width]. */
export interface TextRun {
  run(request: TextRequest): Promise<{ readonly hidden: Floats; readonly pooled?: Floats }>;
  readonly tokenizer: Tokenizer;
  readonly width: number;
  /** Textual inversions by name without file ending: [n, width] for n vectors, flat. */
  readonly embeddings: ReadonlyMap<string, Float32Array>;
}

/** A row of a text encoder, with the weights of its tokens. */
interface Row {
  readonly row: number;
  readonly weights: readonly number[];
}

/**
 * `text` is [n, tokens * chunks, sum of widths]: the chunks of a text one after the other, the encoders side by side; all texts and encoders of a call have as many chunks as the longest needs,
 * filled up with the empty prompt. `pooled` [n, width] is that of the first chunk, of the last encoder that gives one; null when none does.
 * Equal texts, and equal rows of tokens, are encoded once. `log` is told of names of textual inversions that there are none of.
 */
export async function encodePrompts(
  texts: readonly string[],
  encoders: readonly TextRun[],
  log: NodeContext['log'],
): Promise<{ readonly text: Floats; readonly pooled: Floats | null }> {
  const unique = [...new Set(texts)];
  const unknown = new Set<string>();
  const chunked = encoders.map((encoder) => chunksOf(unique, encoder, unknown));
  if (unknown.size > 0) log('warn', unknownNames([...unknown], encoders));
  const count = Math.max(1, ...chunked.flat().map((chunks) => chunks.length));

  const encoded: { readonly hidden: Floats; readonly pooled?: Floats }[] = [];
  for (const [i, encoder] of encoders.entries()) encoded.push(await encodeRows(chunked[i]!, count, encoder));
  const indices = texts.map((text) => unique.indexOf(text));
  const pooled = encoded.findLast((one) => one.pooled)?.pooled;
  return {
    text: gatherRows(sideBySide(encoded.map(({ hidden }) => hidden)), indices),
    pooled: pooled ? gatherRows(pooled, indices) : null,
  };
}

function chunksOf(texts: readonly string[], { tokenizer, width, embeddings }: TextRun, names: Set<string>): readonly (readonly Chunk[])[] {
  const find = embeddingFinder(embeddings.keys());
  const vectorsOf = (name: string) => embeddings.get(name)!.length / width;
  return texts.map((text) => chunkPrompt(text, { tokenizer, find, vectorsOf, unknown: (name) => names.add(name) }));
}

function unknownNames(names: readonly string[], encoders: readonly TextRun[]): string {
  const known = [...new Set(encoders.flatMap(({ embeddings }) => [...embeddings.keys()]))];
  return `left out of prompts: ${names.map((name) => `embedding:${name}`).join(', ')}; expected textual inversions of the model, which are ${known.join(', ') || 'none'}`;
}

/** Runs one encoder over the different rows of all texts: hidden [texts, tokens * count, width], weighted, and pooled [texts, any width] of their first chunks. */
async function encodeRows(
  texts: readonly (readonly Chunk[])[],
  count: number,
  encoder: TextRun,
): Promise<{ readonly hidden: Floats; readonly pooled?: Floats }> {
  const { tokenizer, width } = encoder;
  const tokens = tokenizer.length;
  const [empty] = chunksOf([''], encoder, new Set())[0]!;
  const rows: Chunk[] = [];
  const byContent = new Map<string, number>();
  const placed: Row[] = texts.flatMap((chunks) =>
    Array.from({ length: count }, (_, i) => {
      const chunk = chunks[i] ?? empty!;
      const content = JSON.stringify([chunk.ids, [...chunk.vectors]]);
      const row = byContent.get(content) ?? rows.push(chunk) - 1;
      byContent.set(content, row);
      return { row, weights: chunk.weights };
    }),
  );
  const { hidden, pooled } = await encoder.run(requestOf(rows, encoder));
  const data = new Float32Array(placed.length * tokens * width);
  placed.forEach(({ row, weights }, i) => {
    const size = tokens * width;
    data.set(emphasised(hidden.data.subarray(row * size, (row + 1) * size), weights), i * size);
  });
  const first = texts.map((_, i) => placed[i * count]!.row);
  return {
    hidden: { dtype: 'float32', dims: [texts.length, tokens * count, width], data },
    ...(pooled && { pooled: gatherRows(pooled, first) }),
  };
}

function requestOf(rows: readonly Chunk[], { tokenizer, width, embeddings }: TextRun): TextRequest {
  const tokens = tokenizer.length;
  const request = {
    ids: BigInt64Array.from(rows.flatMap(({ ids }) => ids.map(BigInt))),
    rows: rows.length,
    tokens,
    poolIndex: BigInt64Array.from(rows, ({ ids }) => BigInt(ids.indexOf(tokenizer.end))),
  };
  if (rows.every(({ vectors }) => vectors.size === 0)) return request;
  const vectors = new Float32Array(rows.length * tokens * width);
  const mask = new Float32Array(rows.length * tokens);
  rows.forEach((row, i) => {
    for (const [position, { name, index }] of row.vectors) {
      const at = i * tokens + position;
      vectors.set(embeddings.get(name)!.subarray(index * width, (index + 1) * width), at * width);
      mask[at] = 1;
    }
  });
  return { ...request, embeds: { vectors, mask } };
}

/**
 * The hidden states [tokens, width] of one chunk times the weights of their tokens, then times what gives back the mean that they had before.
 * The mean is one number: over all tokens of the chunk, start, end and padding too, and over the whole width. With weights of 1 the states are returned as they are.
 */
function emphasised(states: Float32Array, weights: readonly number[]): Float32Array {
  if (weights.every((weight) => weight === 1)) return states;
  const width = states.length / weights.length;
  const weighted = states.map((value, i) => value * weights[Math.floor(i / width)]!);
  const [before, after] = [mean(states), mean(weighted)];
  return after === 0 ? weighted : weighted.map((value) => value * (before / after));
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Tensors of equal rows and tokens, joined along their last axis. */
function sideBySide(tensors: readonly Floats[]): Floats {
  const [rows = 0, tokens = 0] = tensors[0]?.dims ?? [];
  const width = tensors.reduce((sum, { dims }) => sum + dims[2]!, 0);
  const data = new Float32Array(sizeOf([rows, tokens, width]));
  let offset = 0;
  for (const { dims, data: from } of tensors) {
    const own = dims[2]!;
    for (let i = 0; i < rows * tokens; i++) data.set(from.subarray(i * own, (i + 1) * own), i * width + offset);
    offset += own;
  }
  return { dtype: 'float32', dims: [rows, tokens, width], data };
}
