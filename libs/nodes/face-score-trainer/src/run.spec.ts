import type { Model, PairSet } from '@facewright/core';
import { openFaceScore } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng } from '@facewright/tensor';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { degrade } from './face-pairs.ts';
import { run } from './run.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
let model: Model<'face-score'>;
let pairs: PairSet;
/** Good faces are bright on the left, bad ones on the right; the rest is noise. */
const face = (seed: number, good: boolean) => {
  const rng = createRng(seed);
  return {
    width: 16,
    height: 16,
    channels: 3 as const,
    data: Uint8Array.from({ length: 768 }, (_, i) => (Math.floor(i / 3) % 16 < 8 === good ? 180 : 60) + rng.integer(40)),
  };
};
beforeAll(async () => {
  const folder = join(ctx.folder(), 'tiny');
  await writeTinyModels(folder);
  model = (await tinyHandles(folder, ctx)).faceScore;
  const write = (seed: number, good: boolean) => ctx.images.write(face(seed, good), { key: `k${seed}`, caption: 'a face' });
  pairs = {
    pairs: await Promise.all(
      Array.from({ length: 24 }, async (_, i) => ({
        key: `p${i}`,
        caption: 'a face',
        good: await write(2 * i, true),
        bad: await write(2 * i + 1, false),
        boxes: [[0, 0, 16, 16] as [number, number, number, number]],
      })),
    ),
    manifest: {},
  };
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const settings = { steps: 120, batch: 4, learningRate: 1e-2, degradedShare: 0, validationShare: 0.25, seed: 1 };

it('learns to score the good face of pairs that it never trained on higher', async () => {
  const { model: tuned, training } = await run({ ...settings, model, pairs }, ctx);
  const scorer = await openFaceScore(tuned, ctx);
  const unseen = Array.from({ length: 10 }, (_, i) => i + 1000);
  const good = await scorer.score(
    unseen.map((seed) => face(seed, true)),
    'A face.',
  );
  const bad = await scorer.score(
    unseen.map((seed) => face(seed + 500, false)),
    'A face.',
  );
  expect(good.filter((score, i) => score > bad[i]!).length).toBe(10);
  const curve = new TextDecoder()
    .decode(await ctx.assets.read(training.metrics))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; value: number });
  expect(curve.filter(({ name }) => name === 'validation_accuracy').at(-1)!.value).toBe(1);
  expect(training.settings).toMatchObject({ faces: 24, validation: 6, steps: 120 });
});
it('makes worse versions of a good face that differ from it', () => {
  const rng = createRng(4);
  const good = face(1, true);
  for (let i = 0; i < 12; i++) expect(degrade(good, rng).data).not.toEqual(good.data);
});
it('says so when no pair has a face to crop, or too few have', async () => {
  const outside = { ...pairs, pairs: pairs.pairs.map((pair) => ({ ...pair, boxes: [] })) };
  await expect(run({ ...settings, model, pairs: outside }, ctx)).rejects.toThrow(/24 pairs and no box inside/);
  await expect(run({ ...settings, model, pairs: { ...pairs, pairs: pairs.pairs.slice(0, 3) } }, ctx)).rejects.toThrow(
    /at least 8 faces.*got 3/,
  );
});
