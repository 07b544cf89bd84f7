// BERT's WordPiece: lower-case words without accents, split into the longest pieces of a vocabulary.
import type { Json } from '../config.ts';
import { err } from '../errors.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';

export interface BertTokenizerOptions {
  /** Ids per text; ImageReward and FaceScore use 35. */
  readonly length: number;
}

/** The uncased tokenizer of BERT. `vocabulary` is the lines of vocab.txt, numbered from 0; BLIP's two tokens beyond it never occur in texts. Throws MODELS_INPUT when a special token is missing. */
export function createBertTokenizer(vocabulary: readonly string[], { length }: BertTokenizerOptions): Tokenizer {
  return createTokenizer(bertTokenizerJson(vocabulary), { length, padToken: '[PAD]' });
}

/** The lines of a vocab.txt. */
export const parseVocabulary = (text: string): string[] =>
  text
    .replace(/\n$/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''));

/** A vocabulary as the content of a tokenizer.json, which transformers reads too. */
export function bertTokenizerJson(vocabulary: readonly string[]): Json {
  const vocab = Object.fromEntries(vocabulary.map((token, id) => [token, id]));
  const needed = ['[PAD]', '[UNK]', '[CLS]', '[SEP]'];
  const specials = [...needed, '[MASK]'].filter((token) => vocab[token] !== undefined);
  const missing = needed.filter((token) => vocab[token] === undefined);
  if (missing.length > 0) throw err.INPUT('vocabulary', `the special tokens ${needed.join(' ')}`, `none of ${missing.join(' ')}`);
  const special = (content: string) => ({
    id: vocab[content],
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const template = (id: string) => ({ SpecialToken: { id, type_id: 0 } });
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map(special),
    normalizer: { type: 'BertNormalizer', clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: {
      type: 'TemplateProcessing',
      single: [template('[CLS]'), { Sequence: { id: 'A', type_id: 0 } }, template('[SEP]')],
      pair: [
        template('[CLS]'),
        { Sequence: { id: 'A', type_id: 0 } },
        template('[SEP]'),
        { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } },
      ],
      special_tokens: Object.fromEntries(['[CLS]', '[SEP]'].map((id) => [id, { id, ids: [vocab[id]], tokens: [id] }])),
    },
    decoder: { type: 'WordPiece', prefix: '##', cleanup: true },
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  };
}
