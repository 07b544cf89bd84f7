// The vocabulary of captions as byte-pair merges: any text can be tokenised, and a word of the captions is one token.
import { CAPTION_VOCABULARY } from '@facewright/node-toy-faces';
import { createClipTokenizer, learnMerges, vocabularyOfMerges, type BpeVocabulary, type Tokenizer } from '@facewright/models';
import { PROMPT_TOKENS } from './configs.ts';

/** More than the captions' words have pairs, so that learning ends when each is whole. */
const MERGES = 1000;

export function captionVocabulary(): BpeVocabulary {
  return vocabularyOfMerges(learnMerges([...CAPTION_VOCABULARY, '.', ','], MERGES));
}

export const captionTokenizer = (vocabulary: BpeVocabulary): Tokenizer => createClipTokenizer(vocabulary, { length: PROMPT_TOKENS });
