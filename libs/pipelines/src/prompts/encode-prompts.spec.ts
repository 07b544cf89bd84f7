// Conditioning of prompts: against transformers on tiny text encoders, and its rules on an encoder whose states are easy to foretell.
import { ClipText, createClipTokenizer, inMemory, parseClipTextConfig, storedWeights, textGraph, type Json } from '@facewright/models';
import { relativeError, type Packed } from '@facewright/models/testing/fixture';
import { hashedTensor, hashedWeights } from '@facewright/models/testing/hashed-tensor';
import { buildModel } from '@facewright/onnx';
import { createRuntime } from '@facewright/runtime';
import { float32, int64, type Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { clipVocabulary } from './clip-vocabulary.ts';
import { encodePrompts, type TextRequest, type TextRun } from './encode-prompts.ts';
import fixture from './fixtures/prompts.json' with { type: 'json' };

const runtime = await createRuntime({ provider: 'cpu' });
const vocabulary = await clipVocabulary();
const { embeddings: vectorCounts, cases } = fixture.cases;

interface EncoderCase {
  readonly config: Json & { readonly hidden_size: number };
  readonly pad: number;
  readonly skip: number;
  readonly final_norm: boolean;
  readonly pooled: boolean;
}

/** A text encoder of hashed weights on onnxruntime. */
function openRun({ config: json, pad, skip, final_norm: finalNorm, pooled }: EncoderCase): TextRun {
  const config = parseClipTextConfig(json);
  const { width } = config;
  const weights = storedWeights(inMemory(hashedWeights(new ClipText(config))));
  return {
    width,
    tokenizer: createClipTokenizer(vocabulary, { length: config.maxTokens, ...(pad === 0 && { padToken: '!' }) }),
    embeddings: new Map(
      Object.entries(vectorCounts).map(([name, n]) => [name, hashedTensor(`embedding.${name}.${width}`, [n, width]).data]),
    ),
    async run({ ids, rows, tokens, poolIndex, embeds }) {
      const graph = textGraph(config, { batch: rows, tokens }, weights, { skip, finalNorm, pooled, embeds: embeds !== undefined });
      const session = await runtime.open(buildModel({ ...graph }));
      const given = await session.run({
        input_ids: { ...int64([rows, tokens], []), data: ids },
        ...(pooled && { pool_index: { ...int64([rows], []), data: poolIndex } }),
        ...(embeds && {
          token_embeds: { dtype: 'float32', dims: [rows, tokens, width], data: embeds.vectors } as const,
          token_embeds_mask: { dtype: 'float32', dims: [rows, tokens, 1], data: embeds.mask } as const,
        }),
      });
      await session.release();
      return { hidden: given['hidden'] as Tensor<'float32'>, ...(pooled && { pooled: given['pooled'] as Tensor<'float32'> }) };
    },
  };
}
const quiet = () => undefined;
/** That of the graphs alone. Giving the mean back divides by the mean of the weighted states, which none of these prompts brings near zero: the furthest measured is 1.8e-6. */
const tolerance = 5e-6;

describe('conditioning agrees with transformers', () => {
  for (const { name, encoders, batches } of cases) {
    const runs = encoders.map(openRun);
    it.each(batches as readonly { texts: string[]; text: Packed; pooled?: Packed }[])(
      `${name}: $texts`,
      async ({ texts, text, pooled }) => {
        const result = await encodePrompts(texts, runs, quiet);
        expect(relativeError(result.text, text)).toBeLessThan(tolerance);
        if (pooled) expect(relativeError(result.pooled!, pooled)).toBeLessThan(tolerance);
        else expect(result.pooled).toBeNull();
      },
    );
  }
});

/** A text encoder whose states can be foretold: each token's are [id, position + 1], those of a given vector the vector; pooled [id at the pool index, 7]. */
function fakeRun(options: { embeddings?: Record<string, number[]>; length?: number; padToken?: string; pooled?: boolean } = {}) {
  const { embeddings = {}, length = 8, padToken = '!', pooled = false } = options;
  const requests: TextRequest[] = [];
  const run: TextRun = {
    width: 2,
    tokenizer: createClipTokenizer(vocabulary, { length, padToken }),
    embeddings: new Map(Object.entries(embeddings).map(([name, vectors]) => [name, Float32Array.from(vectors)])),
    run(request) {
      requests.push(request);
      const { ids, rows, tokens, poolIndex, embeds } = request;
      const state = (i: number) => (embeds?.mask[i] ? [...embeds.vectors.subarray(2 * i, 2 * i + 2)] : [Number(ids[i]), (i % tokens) + 1]);
      const hidden = float32([rows, tokens, 2], Array.from(ids, (_, i) => state(i)).flat());
      const poolOf = (index: bigint, row: number) => [Number(ids[row * tokens + Number(index)]), 7];
      return Promise.resolve({ hidden, ...(pooled && { pooled: float32([rows, 2], Array.from(poolIndex, poolOf).flat()) }) });
    },
  };
  return { run, requests };
}
/** The first states of each token, which are its id while all weights are 1. */
const firsts = ({ data }: Tensor) => Array.from(data, Number).filter((_, i) => i % 2 === 0);
const [start, end, a, cat, dog, red] = [49406, 49407, 320, 2368, 1929, 736];

describe('conditioning', () => {
  it('is a row of start, tokens, end and padding', async () => {
    const { text, pooled } = await encodePrompts(['a cat'], [fakeRun().run], quiet);
    expect(text.dims).toEqual([1, 8, 2]);
    expect(firsts(text)).toEqual([start, a, cat, end, 0, 0, 0, 0]);
    expect(pooled).toBeNull();
  });
  it('is one chunk for as many tokens as fit, and another for one more', async () => {
    expect(firsts((await encodePrompts(['cat '.repeat(6)], [fakeRun().run], quiet)).text)).toEqual([
      start,
      ...Array<number>(6).fill(cat),
      end,
    ]);
    const { text } = await encodePrompts(['cat '.repeat(7)], [fakeRun().run], quiet);
    expect(text.dims).toEqual([1, 16, 2]);
    expect(firsts(text).slice(8)).toEqual([start, cat, end, 0, 0, 0, 0, 0]);
  });
  it('has as many chunks for all texts of a call, filled up with the empty prompt', async () => {
    const { text } = await encodePrompts(['a cat', 'red BREAK dog BREAK cat'], [fakeRun().run], quiet);
    expect(text.dims).toEqual([2, 24, 2]);
    const empty = [start, end, 0, 0, 0, 0, 0, 0];
    expect(firsts(text).slice(0, 24)).toEqual([start, a, cat, end, 0, 0, 0, 0, ...empty, ...empty]);
    expect(firsts(text).slice(24)).toEqual([red, dog, cat].flatMap((id) => [start, id, end, 0, 0, 0, 0, 0]));
  });
  it('multiplies the states of weighted tokens, then all of the chunk, so that their mean over tokens and width stays', async () => {
    const plain = (await encodePrompts(['a cat BREAK dog'], [fakeRun().run], quiet)).text;
    const { text } = await encodePrompts(['a (cat:2) BREAK dog'], [fakeRun().run], quiet);
    const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);
    const ratio = sum(plain.data.subarray(0, 16)) / (sum(plain.data.subarray(0, 16)) + cat + 3);
    expect([...text.data.subarray(0, 16)].map((value, i) => value / plain.data[i]!)).toEqual(
      Array.from({ length: 16 }, (_, i) =>
        plain.data[i] === 0 ? Number.NaN : (expect.closeTo(ratio * (i === 4 || i === 5 ? 2 : 1), 5) as number),
      ),
    );
    expect(sum(text.data.subarray(0, 16)) / sum(plain.data.subarray(0, 16))).toBeCloseTo(1, 6);
    expect(text.data.subarray(16)).toEqual(plain.data.subarray(16));
  });
  it('is the same to the bit with weights that are all 1', async () => {
    const [plain, weighted] = await Promise.all(
      ['a cat', '(a:1) ([cat])'].map((prompt) => encodePrompts([prompt], [fakeRun().run], quiet)),
    );
    expect(weighted).toEqual(plain);
  });
  it('runs equal texts once, and equal rows of different texts and weights', async () => {
    const { run, requests } = fakeRun();
    const { text } = await encodePrompts(['cat BREAK dog', '(cat:1.5)', 'cat BREAK dog', '', 'dog BREAK cat'], [run], quiet);
    expect(requests).toHaveLength(1);
    // cat, dog and the empty prompt
    expect(requests[0]).toMatchObject({ rows: 3, tokens: 8 });
    const row = (i: number) => text.data.subarray(i * 32, (i + 1) * 32);
    expect(row(2)).toEqual(row(0));
    expect(row(4)).toEqual(Float32Array.from([...row(0).subarray(16), ...row(0).subarray(0, 16)]));
    expect(row(1)).not.toEqual(row(0));
  });
  it('joins two encoders along the width, and takes the pooled output of the first chunk from the one that gives it', async () => {
    const [first, second] = [fakeRun({ padToken: '<|endoftext|>' }), fakeRun({ pooled: true })];
    const { text, pooled } = await encodePrompts(['dog', 'cat cat cat cat cat cat cat'], [first.run, second.run], quiet);
    expect(text.dims).toEqual([2, 16, 4]);
    expect([...text.data.subarray(4, 16)]).toEqual([dog, 2, dog, 2, end, 3, end, 3, end, 4, 0, 4]);
    expect(pooled).toEqual(float32([2, 2], [end, 7, end, 7]));
    // rows: dog, the empty prompt, six cats, one cat
    expect([...second.requests[0]!.poolIndex]).toEqual([2n, 1n, 7n, 2n]);
  });
  it('gives two encoders the same number of chunks, also where one has more vectors for a name', async () => {
    const [short, long] = [fakeRun({ embeddings: { x: [1, 2] } }), fakeRun({ embeddings: { x: Array(14).fill(3) } })];
    const { text } = await encodePrompts(['x'], [short.run, long.run], quiet);
    expect(text.dims).toEqual([1, 16, 4]);
  });
});

describe('textual inversions', () => {
  const embeddings = { EasyNeg: [10, 20, 30, 40], 'bad-hands': [5, 6] };
  it('stand for as many tokens as they have vectors', async () => {
    const { run, requests } = fakeRun({ embeddings });
    const { text } = await encodePrompts(['a easyneg, cat'], [run], quiet);
    expect(firsts(text)).toEqual([start, a, 10, 30, 267, cat, end, 0]);
    expect([...text.data.subarray(4, 8)]).toEqual([10, 20, 30, 40]);
    expect([...requests[0]!.embeds!.mask]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
  });
  it('are no part of a request without any', async () => {
    const { run, requests } = fakeRun({ embeddings });
    await encodePrompts(['a cat'], [run], quiet);
    expect(requests[0]!.embeds).toBeUndefined();
  });
  it('carry the emphasis of their place', async () => {
    const { text } = await encodePrompts(['(bad-hands:3)'], [fakeRun({ embeddings }).run], quiet);
    expect(text.data[2]! / text.data[0]!).toBeCloseTo((3 * 5) / start, 9);
  });
  it('go to the next chunk whole when the rest of one is too short, and are cut when they are longer than any', async () => {
    const { text } = await encodePrompts(['cat cat cat cat cat easyneg'], [fakeRun({ embeddings }).run], quiet);
    expect(firsts(text)).toEqual([start, cat, cat, cat, cat, cat, end, 0, start, 10, 30, end, 0, 0, 0, 0]);
    const long = Array.from({ length: 14 }, (_, i) => i);
    const cut = await encodePrompts(['cat long'], [fakeRun({ embeddings: { long } }).run], quiet);
    expect(firsts(cut.text)).toEqual([start, cat, 0, 2, 4, 6, 8, end, start, 10, 12, end, 0, 0, 0, 0]);
  });
  it('of the same ids but other names are rows of their own', async () => {
    const { run, requests } = fakeRun({ embeddings: { x: [1, 2], y: [3, 4] } });
    const { text } = await encodePrompts(['x', 'y'], [run], quiet);
    expect(requests[0]!.rows).toBe(2);
    expect([firsts(text)[1], firsts(text)[9]]).toEqual([1, 3]);
  });
  it('that are not there are left out with one warning that says which there are', async () => {
    const logs: unknown[] = [];
    const { run } = fakeRun({ embeddings });
    const { text } = await encodePrompts(['a embedding:foo cat', 'embedding:bar.pt, embedding:foo'], [run, run], (...args) =>
      logs.push(args),
    );
    expect(
      firsts(text)
        .slice(0, 8)
        .filter((_, i) => i % 2 === 0),
    ).toEqual([start, a, cat, end]);
    expect(logs).toEqual([
      [
        'warn',
        'left out of prompts: embedding:foo, embedding:bar.pt; expected textual inversions of the model, which are EasyNeg, bad-hands',
      ],
    ]);
  });
});
