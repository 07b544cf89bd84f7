import type { Box, PairSet } from '@facewright/core';
import { cropFace, openFaceScore } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext, type FakeContext, type KeptCheckpoint } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { overlapOf, run } from './filter.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const left: KeptCheckpoint = { checkpoint: null };
const ctx = createFakeContext({ openSession: runtime.open, kept: left });
const folder = join(ctx.folder(), 'tiny');
beforeAll(() => writeTinyModels(folder));
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const picture = (key: string, seed: number) =>
  ctx.images.write(
    { width: 32, height: 32, channels: 3, data: Uint8Array.from({ length: 3072 }, (_, i) => (i * seed * 7 + (i >> 5) * seed) % 256) },
    { key, caption: `caption ${key}` },
  );
/** The tiny detector sees a face there in every picture of 32 x 32. */
const seen: Box = [8, 8, 24, 24];
async function setOf(boxes: Readonly<Record<string, readonly Box[]>>): Promise<PairSet> {
  const pairs = await Promise.all(
    Object.entries(boxes).map(async ([key, some], i) => ({
      key,
      caption: `caption ${key}`,
      good: await picture(key, 3 + i),
      bad: await picture(key, 40 + 11 * i),
      boxes: [...some],
      made: { difference: 10 + i },
    })),
  );
  return { pairs, manifest: { leftOut: { tooAlike: 2 }, why: { x: 'too alike' } } };
}
const defaults = { scorer: undefined, detector: undefined, leastGap: 0, prompt: 'A face.', leastOverlap: 0.5, threshold: 0.5, limit: 0 };
async function filter(pairs: PairSet, inputs: Partial<Parameters<typeof run>[0]>, context: FakeContext = ctx) {
  left.checkpoint = null;
  return run({ ...defaults, pairs, ...inputs }, context);
}

describe('a pair filter', () => {
  it('keeps pairs whose faces are still found where they were, and writes down how well', async () => {
    const { detector } = await tinyHandles(folder, ctx);
    const set = await setOf({ there: [seen], near: [[8, 8, 24, 20]], gone: [[0, 0, 8, 8]], half: [seen, [0, 0, 12, 12]] });
    const { pairs, report } = await filter(set, { detector });
    expect(pairs.pairs.map(({ key }) => key)).toEqual(['there', 'near']);
    expect(pairs.pairs[1]!.made).toMatchObject({
      difference: 11,
      agreement: {
        overlaps: [0.75],
        confidences: [expect.closeTo(0.9, 6) as number],
        made: { models: { detector: { name: 'tiny' } }, settings: { threshold: 0.5 } },
      },
    });
    expect(pairs.manifest).toMatchObject({
      pairs: 2,
      leftOut: { tooAlike: 2, lowGap: 0, faceGone: 2 },
      why: {
        x: 'too alike',
        gone: 'no face in the bad picture where one was',
        half: 'a face in the bad picture overlaps by 0.04, less than 0.5',
      },
      filters: [{ by: 'facewright/pair-filter@1', settings: { leastOverlap: 0.5 } }],
    });
    expect(report.summary).toBe('2 of 4 pairs pass.');
    const html = new TextDecoder().decode(await ctx.assets.read(report.html));
    expect(html).toContain('overlaps by 0.04');
    expect(html.match(/<figure><img src="data:image\/png;base64,/g)).toHaveLength(4);
    // nothing is found at a confidence that the detector does not reach
    await expect(filter(set, { detector, threshold: 0.95 })).rejects.toMatchObject({ code: 'PAIR_SET_FILTERED' });
  });

  it('asks that every good face scores above the bad one, and writes down all scores', async () => {
    const { faceScore } = await tinyHandles(folder, ctx);
    const set = await setOf({ a: [seen], b: [seen, [0, 0, 20, 16]], c: [[4, 4, 30, 30]], d: [seen] });
    const { pairs } = await filter(set, { scorer: faceScore, leastGap: -100 });
    const model = await openFaceScore(faceScore, ctx);
    const gaps: number[] = [];
    for (const [i, { good, bad, boxes }] of set.pairs.entries()) {
      const expected = await Promise.all(
        [good, bad].map(async (image) => {
          const pixels = await ctx.images.read(image);
          return model.score(
            boxes.map((box) => cropFace(pixels, box)!),
            'A face.',
          );
        }),
      );
      const { score } = pairs.pairs[i]!.made!;
      // the same crops, scored among others: nothing but the order of sums in a batch differs
      score!.good.forEach((value, face) => expect(value).toBeCloseTo(expected[0]![face]!, 5));
      score!.bad.forEach((value, face) => expect(value).toBeCloseTo(expected[1]![face]!, 5));
      const least = Math.min(...expected[0]!.map((value, face) => value - expected[1]![face]!));
      expect(score!.gap).toBeCloseTo(least, 5);
      gaps.push(score!.gap);
    }
    const sorted = gaps.toSorted((a, b) => a - b);
    const between = (sorted[1]! + sorted[2]!) / 2;
    const half = await filter(set, { scorer: faceScore, leastGap: between });
    expect(half.pairs.pairs.map(({ key }) => key)).toEqual(set.pairs.filter((_, i) => gaps[i]! > between).map(({ key }) => key));
    await expect(filter(set, { scorer: faceScore, leastGap: 100 })).rejects.toMatchObject({
      code: 'PAIR_SET_FILTERED',
      message: expect.stringContaining(
        `4 whose score gap is below 100 (the largest gap among them is ${sorted.at(-1)!.toFixed(3)})`,
      ) as string,
    });
  });

  it('stops looking at the limit, and asks for something to judge by', async () => {
    const { detector } = await tinyHandles(folder, ctx);
    const set = await setOf({ a: [seen], b: [seen], c: [seen] });
    expect((await filter(set, { detector, limit: 2 })).pairs.pairs.map(({ key }) => key)).toEqual(['a', 'b']);
    await expect(filter(set, {})).rejects.toMatchObject({ code: 'PAIR_SET_NO_FILTER' });
  });

  it('goes on after an interruption without looking at a pair twice', async () => {
    const { detector, faceScore } = await tinyHandles(folder, ctx);
    const set = await setOf(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, [seen]])));
    const inputs = { ...defaults, pairs: set, detector, scorer: faceScore, leastGap: -100 };
    const whole = await filter(set, inputs);
    const kept: KeptCheckpoint = { checkpoint: null };
    let runs = 0;
    const context = (cancelAfter: number): FakeContext => {
      const cancel = new AbortController();
      const fresh = createFakeContext({
        kept,
        signal: cancel.signal,
        openSession: async (model, options) => {
          const session = await runtime.open(model, options);
          return {
            ...session,
            run: async (feeds) => {
              if (Object.keys(feeds).length === 1 && ++runs === cancelAfter) cancel.abort();
              return session.run(feeds);
            },
          };
        },
      });
      return { ...fresh, assets: ctx.assets, files: ctx.files, images: ctx.images };
    };
    const first = context(10);
    await expect(run(inputs, first)).rejects.toMatchObject({ name: 'AbortError' });
    // the second group of eight was at work and is kept
    expect(runs).toBe(16);
    const second = context(Infinity);
    expect((await run(inputs, second)).pairs).toEqual(whole.pairs);
    expect(runs).toBe(20);
    await Promise.all([first.close(), second.close()]);
  });

  it('gives what it has when told to stop', async () => {
    const { detector } = await tinyHandles(folder, ctx);
    const set = await setOf(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`k${i}`, [seen]])));
    const told = createFakeContext({ openSession: runtime.open, onGate: () => 'stop' });
    const context = { ...told, assets: ctx.assets, files: ctx.files, images: ctx.images };
    expect((await run({ ...defaults, pairs: set, detector }, context)).pairs.pairs).toHaveLength(8);
    expect(told.said.unfinished).toEqual(['8 of 20 pairs']);
    await told.close();
  });
});

describe('the overlap of boxes', () => {
  it('is the shared area over the area of both', () => {
    expect(overlapOf([0, 0, 10, 10], [5, 0, 15, 10])).toBeCloseTo(1 / 3, 12);
    expect(overlapOf([0, 0, 10, 10], [10, 0, 20, 10])).toBe(0);
    expect(overlapOf([2, 2, 4, 4], [2, 2, 4, 4])).toBe(1);
  });
});
