// Tokenizers against transformers: the published vocabularies where they are at hand, small ones always.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import fixture from '../fixtures/tokenizers.json' with { type: 'json' };
import { createBertTokenizer, parseVocabulary } from './bert-tokenizer.ts';
import { clipTokenizerJson, createClipTokenizer, learnMerges, openClipVocabulary, vocabularyOfMerges } from './clip-tokenizer.ts';
import { createTokenizer, type Tokenizer } from './tokenizer.ts';

const weights = join(import.meta.dirname, '../../../../../shared/data/weights');
const clipVocabulary = join(weights, 'clip_bpe_simple_vocab_16e6.txt.gz');
const bertVocabulary = join(weights, 'bert_base_uncased_vocab.txt');
const absent = !existsSync(clipVocabulary) || !existsSync(bertVocabulary);
if (absent) console.warn(`\n*** SKIPPED: vocabularies of CLIP and BERT are not at ${weights} ***\n`);

const reference = (name: string) => fixture.cases.find((c) => c.name === name)!;
/** Compares ids, padding and mask of every text, one by one, so that a failure shows the text. */
function check(tokenizer: Tokenizer, name: string): void {
  const { texts, length, pad } = reference(name);
  for (const { text, ids } of texts) {
    const want = ids.split(' ').map(Number);
    const { ids: got, mask, truncated } = tokenizer.encode([text]);
    expect({ text, dims: got.dims, ids: Array.from(got.data, Number) }).toEqual({
      text,
      dims: [1, length],
      ids: [...want, ...Array.from({ length: length - want.length }, () => pad)],
    });
    expect(Array.from(mask.data)).toEqual(Array.from({ length }, (_, i) => (i < want.length ? 1 : 0)));
    expect(truncated[0] && want.length < length).toBe(false);
  }
}

describe('tokenizers', () => {
  it.skipIf(absent)("give the ids of transformers on CLIP's vocabulary", () => {
    const vocabulary = openClipVocabulary(gunzipSync(readFileSync(clipVocabulary)).toString());
    expect(Object.keys(vocabulary.vocab).length).toBe(49408);
    check(createClipTokenizer(vocabulary, { length: 77 }), 'clip');
  });

  it.skipIf(absent)("give the ids of transformers on BERT's vocabulary", () => {
    const tokenizer = createBertTokenizer(parseVocabulary(readFileSync(bertVocabulary, 'utf8')), { length: 35 });
    check(tokenizer, 'bert');
    expect(Array.from(tokenizer.encode(['A face.']).ids.data.slice(0, 6), Number)).toEqual([101, 1037, 2227, 1012, 102, 0]);
  });

  it('give the ids of transformers on small vocabularies', () => {
    const { merges = [] } = reference('small clip') as { merges?: string[] };
    const { vocabulary = [] } = reference('small bert') as { vocabulary?: string[] };
    check(createClipTokenizer(vocabularyOfMerges(merges), { length: 20 }), 'small clip');
    check(createBertTokenizer(vocabulary, { length: 12 }), 'small bert');
  });

  it('encode several texts as rows, and say which were cut', () => {
    const tokenizer = createClipTokenizer(vocabularyOfMerges([]), { length: 4, padToken: '!' });
    const { ids, mask, truncated } = tokenizer.encode(['a', 'abc', '']);
    const [start, end] = [512, 513];
    // "a" is byte 97, the 65th printable one; with a word end it comes 256 later
    expect(Array.from(ids.data, Number)).toEqual([start, 320, end, 0, start, 64, 65, end, start, end, 0, 0]);
    expect(Array.from(mask.data)).toEqual([1, 1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 0]);
    expect(truncated).toEqual([false, true, false]);
  });

  it('give the ids of a text of any length, without the tokens around it', () => {
    const tokenizer = createClipTokenizer(vocabularyOfMerges([]), { length: 4, padToken: '!' });
    expect(tokenizer.ids('abc abc')).toEqual([64, 65, 322, 64, 65, 322]);
    expect(tokenizer.ids('')).toEqual([]);
    expect(tokenizer).toMatchObject({ start: 512, end: 513, pad: 0 });
    const { vocabulary = [] } = reference('small bert') as { vocabulary?: string[] };
    expect(createBertTokenizer(vocabulary, { length: 12 })).toMatchObject({ start: 2, end: 3, pad: 0 });
  });

  it('learn merges that make each word of a small domain one piece', () => {
    const captions = ['a smiling face with red hair', 'a sad face with brown hair', 'a face'];
    const merges = learnMerges(captions, 1000);
    const tokenizer = createClipTokenizer(vocabularyOfMerges(merges), { length: 10 });
    expect(tokenizer.pieces('a smiling face')).toEqual(['<|startoftext|>', 'a</w>', 'smiling</w>', 'face</w>', '<|endoftext|>']);
    expect(learnMerges(captions, 3)).toEqual(merges.slice(0, 3));
    expect(learnMerges(['aab aab'], 9)).toEqual(['a a', 'aa b</w>']);
  });

  it('take a tokenizer.json as it is', () => {
    const tokenizer = createTokenizer(clipTokenizerJson(vocabularyOfMerges([])), { length: 5, padToken: '<|endoftext|>' });
    expect(Array.from(tokenizer.encode(['a']).ids.data, Number)).toEqual([512, 320, 513, 513, 513]);
  });

  it('refuse a tokenizer.json whose texts get no start and end token', () => {
    const json = { ...clipTokenizerJson(vocabularyOfMerges([])), post_processor: null };
    expect(() => createTokenizer(json, { length: 5, padToken: '!' })).toThrow(
      /post_processor: expected one start and one end token, got none/,
    );
  });

  it('refuse a padding that is not in the vocabulary, a length without room and a vocabulary without its special tokens', () => {
    expect(() => createClipTokenizer(vocabularyOfMerges([]), { length: 5, padToken: '<pad>' })).toThrow(
      /padToken: expected a token of the vocabulary, got "<pad>"/,
    );
    expect(() => createClipTokenizer(vocabularyOfMerges([]), { length: 1 })).toThrow(/length: expected room/);
    expect(() => createBertTokenizer(['[PAD]', 'a'], { length: 5 })).toThrow(/\[UNK\] \[CLS\] \[SEP\]/);
  });
});
