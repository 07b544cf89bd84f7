// A prompt as rows of tokens that a text encoder reads: chunks between a start and an end token.
import type { Tokenizer } from '@facewright/models';
import type { embeddingFinder } from './find-embeddings.ts';
import { parseEmphasis } from './parse-emphasis.ts';

/** One vector of a textual inversion, which stands for a token. */
export interface Vector {
  readonly name: string;
  readonly index: number;
}

/** One row of `tokenizer.length` tokens. Start, end and padding have weight 1. */
export interface Chunk {
  readonly ids: readonly number[];
  readonly weights: readonly number[];
  /** By position; their ids are 0. */
  readonly vectors: ReadonlyMap<number, Vector>;
}

export interface ChunkOptions {
  readonly tokenizer: Tokenizer;
  readonly find: ReturnType<typeof embeddingFinder>;
  /** How many vectors a textual inversion has. */
  vectorsOf(name: string): number;
  /** Told names that no textual inversion has; they are left out. */
  unknown(name: string): void;
}

interface Token {
  readonly id: number;
  readonly weight: number;
  readonly vector?: Vector;
}

/**
 * At least one chunk. BREAK ends one, so does a token that finds it full; a textual inversion that does not fit begins the next, and goes over the edge only when it is longer than a chunk.
 * Nothing else moves words to the next chunk: a phrase may be split between two.
 */
export function chunkPrompt(prompt: string, options: ChunkOptions): readonly Chunk[] {
  const { tokenizer } = options;
  const capacity = tokenizer.length - 2;
  const chunks: Token[][] = [];
  let chunk: Token[] = [];
  const next = () => {
    chunks.push(chunk);
    chunk = [];
  };
  parseEmphasis(prompt).forEach((runs, section) => {
    if (section > 0) next();
    for (const unit of runs.flatMap(({ text, weight }) => unitsOf(text, weight, options))) {
      if (unit.length <= capacity && chunk.length + unit.length > capacity) next();
      for (const token of unit) {
        if (chunk.length === capacity) next();
        chunk.push(token);
      }
    }
  });
  if (chunk.length > 0 || chunks.length === 0) next();
  return chunks.map((tokens) => rowOf(tokens, tokenizer));
}

/** Tokens that stay together: one, or all of a textual inversion. */
function unitsOf(text: string, weight: number, { tokenizer, find, vectorsOf, unknown }: ChunkOptions): readonly Token[][] {
  return find(text).flatMap((part) => {
    if ('text' in part) return tokenizer.ids(part.text).map((id) => [{ id, weight }]);
    if ('embedding' in part) {
      const name = part.embedding;
      return [Array.from({ length: vectorsOf(name) }, (_, index) => ({ id: 0, weight, vector: { name, index } }))];
    }
    unknown(part.unknown);
    return [];
  });
}

function rowOf(tokens: readonly Token[], { length, start, end, pad }: Tokenizer): Chunk {
  const fill = <T>(first: T, of: (token: Token) => T, last: T, rest: T): readonly T[] => [
    first,
    ...tokens.map(of),
    last,
    ...Array.from({ length: length - 2 - tokens.length }, () => rest),
  ];
  return {
    ids: fill(start, ({ id }) => id, end, pad),
    weights: fill(1, ({ weight }) => weight, 1, 1),
    vectors: new Map(tokens.flatMap(({ vector }, i) => (vector ? [[i + 1, vector] as const] : []))),
  };
}
