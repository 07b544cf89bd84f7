import type { Model, PairSet, Training } from '@facewright/core';
import { componentTensors, openFaceScore } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext, type FakeContext, type KeptCheckpoint } from '@facewright/testing';
import { createRng, type Session, type SessionOptions, type Tensors } from '@facewright/tensor';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { degrade } from './face-pairs.ts';
import { frozenParameters } from './frozen-parameters.ts';
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
const settings = {
  steps: 120,
  epochs: 0,
  batch: 4,
  accumulate: 1,
  learningRate: 1e-2,
  frozenShare: 0,
  head: 'keep' as const,
  degradedShare: 0,
  validationShare: 0.25,
  validateEvery: 0,
  patience: 0,
  warmUpShare: 0.05,
  maxGradientNorm: 1,
  extend: false,
  recompute: 'auto' as const,
  seed: 1,
};
/** A context of its own whose sessions are looked at, and the pairs in it. */
const watching = (look: (session: Session, state: SessionOptions['state']) => Session) =>
  createFakeContext({ openSession: async (graph, options) => look(await runtime.open(graph, options), options?.state) });
const copied = async (other: FakeContext): Promise<PairSet> => {
  for (const { good, bad } of pairs.pairs)
    for (const image of [good, bad]) await other.images.write(await ctx.images.read(image), { key: image.key, caption: '' });
  return pairs;
};
const curveOf = async (training: Training, from: FakeContext = ctx) =>
  new TextDecoder()
    .decode(await from.assets.read(training.metrics))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; step: number; value: number });
const tensorsOf = (of: Model<'face-score'>) => componentTensors(of, 'face_score', ctx);

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
  const curve = await curveOf(training);
  expect(curve.filter(({ name }) => name === 'validation_accuracy').at(-1)!.value).toBe(1);
  expect(training.settings).toMatchObject({ faces: 24, validation: 6, steps: 120 });
});
it('says at which step the kept parameters stood, and gives those', async () => {
  const seen: Tensors[] = [];
  const watched = watching((session) => ({
    ...session,
    readState: async () => {
      seen.push(await session.readState());
      return seen.at(-1)!;
    },
  }));
  const { model: tuned, training } = await run(
    { ...settings, steps: 60, learningRate: 0.2, validateEvery: 1, model, pairs: await copied(watched) },
    watched,
  );
  const losses = (await curveOf(training, watched)).filter(({ name }) => name === 'validation_loss');
  expect(losses).toHaveLength(60);
  const lowest = losses.reduce((best, point) => (point.value < best.value ? point : best));
  expect(training.settings).toMatchObject({ bestStep: lowest.step + 1, bestValidationLoss: lowest.value });
  expect(lowest.step).toBeLessThan(59);
  expect(watched.said.logs.at(-1)!.message).toContain(`kept the parameters of step ${lowest.step + 1} of 60`);
  const name = 'mlp.layers.0.weight';
  // the loop reads the state of a step for its own use too
  const states = seen.filter((state, i) => String(state[name]!.data) !== String(seen[i - 1]?.[name]!.data));
  expect((await componentTensors(tuned, 'face_score', watched)).get(name)!.data).toEqual(states[lowest.step]![name]!.data);
  await watched.close();
});
it('stops after so many looks without a lower validation loss', async () => {
  const { training } = await run({ ...settings, learningRate: 1, validateEvery: 2, patience: 3, model, pairs }, ctx);
  expect(training.steps).toBe(Number(training.settings['bestStep']) + 6);
  expect(training.steps).toBeLessThan(120);
  await expect(run({ ...settings, patience: 1, validationShare: 0, model, pairs }, ctx)).rejects.toMatchObject({
    code: 'FACE_SCORE_TRAINER_PATIENCE',
  });
});
it('goes on after a cancel with the best parameters so far, the order of the pairs and the random numbers as they were', async () => {
  const steps = { ...settings, steps: 24, epochs: 3, batch: 2, accumulate: 2, degradedShare: 0.5, validateEvery: 3, model };
  const kept: KeptCheckpoint = { checkpoint: null };
  const train = async (cancelAt?: number) => {
    const cancel = new AbortController();
    const own = createFakeContext({ openSession: runtime.open, kept, signal: cancel.signal });
    const progress = (done: number, total: number) => {
      own.progress(done, total);
      if (done === cancelAt) cancel.abort();
    };
    const shared = { ...own, progress, images: ctx.images, assets: ctx.assets };
    const { model: tuned, training } = await run({ ...steps, pairs }, shared).finally(() => own.close());
    const weights = [...(await tensorsOf(tuned))].map(([name, { data }]) => [name, data]);
    return {
      weights,
      curve: await curveOf(training),
      best: training.settings['bestStep'],
      said: own.said.logs.map(({ message }) => message),
    };
  };
  await expect(train(8)).rejects.toThrow(/abort/i);
  const { said, ...resumed } = await train();
  expect(said[0]).toBe('goes on at step 8 of 14');
  kept.checkpoint = null;
  const { said: _, ...whole } = await train();
  expect(resumed).toEqual(whole);
});
it('leaves frozen parameters as they are in the file, and keeps no state for them', async () => {
  const states: string[][] = [];
  const watched = watching((session, state) => {
    if (state) states.push(state.map((entry) => entry.input));
    return session;
  });
  const { model: tuned, training } = await run({ ...settings, steps: 3, frozenShare: 0.7, model, pairs: await copied(watched) }, watched);
  const { config } = await openFaceScore(model, ctx);
  const frozen = frozenParameters(config, 0.7);
  const [before, after] = [await tensorsOf(model), await componentTensors(tuned, 'face_score', watched)];
  expect([...after.keys()].sort()).toEqual([...before.keys()].sort());
  const moved = [...before.keys()].filter((name) => String(before.get(name)!.data) !== String(after.get(name)!.data));
  expect(moved.filter((name) => frozen.has(name))).toEqual([]);
  expect(moved).toContain('mlp.layers.0.weight');
  expect(states).toHaveLength(1);
  expect(states[0]!.filter((name) => frozen.has(name.replace(/^[mv]\./, '')))).toEqual([]);
  const numbers = [...before].filter(([name]) => !frozen.has(name)).reduce((sum, [, { data }]) => sum + data.length, 0);
  expect(training.settings['trainedParameters']).toBe(numbers);
  await watched.close();
});
it('begins a new head as ImageReward does, when asked to', async () => {
  const { model: tuned } = await run({ ...settings, steps: 1, learningRate: 1e-12, head: 'new', validationShare: 0, model, pairs }, ctx);
  const { config } = await openFaceScore(model, ctx);
  const [before, after] = [await tensorsOf(model), await tensorsOf(tuned)];
  const weights = [...after].filter(([name]) => name.startsWith('mlp.') && name.endsWith('.weight'));
  const values = weights.flatMap(([, { data }]) => [...(data as Float32Array)]);
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
  // of n normal numbers the deviation is off by 1 / sqrt(2 n) of itself: four times that
  expect(Math.abs(deviation * (config.text.width + 1) - 1)).toBeLessThan(4 / Math.sqrt(2 * values.length));
  for (const [name, { data }] of after) {
    if (name.startsWith('mlp.') && name.endsWith('.bias'))
      expect(Math.max(...[...data].map((v) => Math.abs(Number(v))))).toBeLessThan(1e-10);
    if (name === 'blip.visual_encoder.cls_token')
      (data as Float32Array).forEach((value, i) => expect(value).toBeCloseTo(Number(before.get(name)!.data[i]), 6));
  }
});
it('counts epochs over the pairs that are left for training, and batches that are averaged', async () => {
  const { training } = await run({ ...settings, epochs: 2, batch: 3, accumulate: 2, model, pairs }, ctx);
  expect(training).toMatchObject({ steps: 6, settings: { faces: 24, validation: 6, steps: 6 } });
  // a quarter of an epoch is less than a step
  expect((await curveOf(training)).filter(({ name }) => name === 'validation_loss')).toHaveLength(6);
});
it('shows that blurred, sharpened and noised versions rank below the good face once it has learned that', async () => {
  const { training } = await run({ ...settings, steps: 400, batch: 8, degradedShare: 1, model, pairs }, ctx);
  const curve = await curveOf(training);
  const last = ['blurred', 'sharpened', 'noised'].map((way) => {
    const points = curve.filter(({ name }) => name === `validation_accuracy_${way}`);
    expect(points).toHaveLength(8);
    return points.at(-1)!.value;
  });
  // the good faces of this spec are half noise themselves, so that more of it is hardest to see
  expect(last[0]).toBeGreaterThan(0.8);
  expect(last[1]).toBeGreaterThan(0.8);
  expect(last[2]).toBeGreaterThanOrEqual(0.5);
});
it('refuses a start that is more than data, and runs nothing of it', async () => {
  const path = join(import.meta.dirname, '../../../weights/src/fixtures/torch/malicious.pt');
  const poisoned = { ...model, components: { face_score: { ...model.components['face_score']!, weights: await ctx.files.ref(path) } } };
  await expect(run({ ...settings, model: poisoned, pairs }, ctx)).rejects.toMatchObject({
    code: 'WEIGHTS_PICKLE',
    message: expect.stringMatching(/malicious\.pt.*nothing was run/) as string,
  });
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
