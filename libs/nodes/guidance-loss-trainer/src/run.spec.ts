import type { Model, PairSet } from '@facewright/core';
import { openDiffusion } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng, float32, sizeOf } from '@facewright/tensor';
import { readSafetensorsHeader, readTensors, safetensorsBytes } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'tiny');
let model: Model<'diffusion'>;
let pairs: PairSet;
const picture = (seed: number) => ({
  width: 16,
  height: 16,
  channels: 3 as const,
  data: Uint8Array.from({ length: 768 }, (_, i) => (i * 7 + seed * 31) % 256),
});
beforeAll(async () => {
  await writeTinyModels(folder);
  model = (await tinyHandles(folder, ctx)).diffusion;
  const images = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((seed) => ctx.images.write(picture(seed), { key: `k${seed}`, caption: 'a face' })),
  );
  pairs = {
    pairs: [0, 1, 2].map((i) => ({
      key: `p${i}`,
      caption: 'a man',
      good: images[2 * i]!,
      bad: images[2 * i + 1]!,
      boxes: [[2, 2, 12, 12]],
    })),
    manifest: {},
  };
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const settings = {
  steps: 6,
  batch: 2,
  learningRate: 1e-3,
  guidanceWeight: 1,
  diffusionWeight: 1,
  tMin: 400,
  tMax: 1000,
  snrWeighting: 'min-snr',
  snrGamma: 5,
  mode: 'full',
  rank: 2,
  seed: 3,
} as const;
const curveOf = async (training: { metrics: Parameters<typeof ctx.assets.read>[0] }) =>
  new TextDecoder()
    .decode(await ctx.assets.read(training.metrics))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { name: string; step: number; value: number });
const weightsOf = async (handle: Model) =>
  readTensors((await readSafetensorsHeader(await ctx.assets.file(handle.components['unet']!.weights!))).tensors);

describe('training all weights', () => {
  it('gives a model with other weights of the same names and shapes, and a curve of every loss', async () => {
    const { model: tuned, training } = await run({ ...settings, model, pairs }, ctx);
    const [before, after] = [await weightsOf(model), await weightsOf(tuned)];
    expect([...after].map(([name, { dims }]) => [name, dims])).toEqual(
      expect.arrayContaining([...before].map(([name, { dims }]) => [name, dims])),
    );
    expect(after.size).toBe(before.size);
    expect(after.get('conv_in.weight')!.data).not.toEqual(before.get('conv_in.weight')!.data);
    expect(training).toMatchObject({ method: 'guidance loss', steps: 6 });
    const curve = await curveOf(training);
    for (const name of ['loss', 'guidance_loss', 'diffusion_loss', 'gradient_norm'])
      expect(curve.filter((point) => point.name === name)).toHaveLength(6);
    const at0 = Object.fromEntries(curve.filter(({ step }) => step === 0).map(({ name, value }) => [name, value]));
    expect(at0['loss']).toBeCloseTo(at0['guidance_loss']! + at0['diffusion_loss']!, 4);
  });
  it('gives the same weights for the same seed, and others for another', async () => {
    const train = async (seed: number) =>
      (await weightsOf((await run({ ...settings, seed, model, pairs }, ctx)).model)).get('conv_out.weight')!.data;
    expect(await train(3)).toEqual(await train(3));
    expect(await train(4)).not.toEqual(await train(3));
  });
  it('is plain fine-tuning when guidance has no weight', async () => {
    const { training } = await run({ ...settings, guidanceWeight: 0, model, pairs }, ctx);
    expect(training.method).toBe('plain fine-tuning');
    expect(new Set((await curveOf(training)).map(({ name }) => name))).toEqual(new Set(['loss', 'diffusion_loss', 'gradient_norm']));
  });
  it('lowers the loss that it minimises', async () => {
    const { training } = await run({ ...settings, steps: 60, learningRate: 3e-3, guidanceWeight: 0, model, pairs }, ctx);
    const losses = (await curveOf(training)).filter(({ name }) => name === 'loss').map(({ value }) => value);
    const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
    expect(mean(losses.slice(-15))).toBeLessThan(0.8 * mean(losses.slice(0, 15)));
  });
});

describe('training low-rank additions', () => {
  it('adds a LoRA to the handle and leaves the weights of the file alone', async () => {
    const { model: tuned } = await run({ ...settings, mode: 'lora', learningRate: 1e-2, model, pairs }, ctx);
    expect(tuned.components['unet']).toEqual(model.components['unet']);
    expect(tuned.loras).toHaveLength(1);
    const { tensors } = await readSafetensorsHeader(await ctx.assets.file(tuned.loras[0]!.weights));
    expect([...tensors.keys()]).toEqual(
      expect.arrayContaining([expect.stringMatching(/^unet\..*to_q\.lora_A\.weight$/), expect.stringMatching(/to_q\.lora_B\.weight$/)]),
    );
    const predict = async (handle: Model<'diffusion'>) => {
      const opened = await openDiffusion(handle, ctx, { batch: 1 });
      return (
        await opened.predict({
          latents: float32([1, 4, 4, 4], createRng(1).normal(64)),
          timestep: 500,
          conditioning: await opened.encodePrompts(['a man']),
        })
      ).data;
    };
    const [base, changed] = [await predict(model), await predict(tuned)];
    expect(Math.max(...base.map((v, i) => Math.abs(v - changed[i]!)))).toBeGreaterThan(1e-5);
  });
});

describe('bad input', () => {
  it('names what is wrong', async () => {
    await expect(run({ ...settings, model, pairs: { pairs: [], manifest: {} } }, ctx)).rejects.toThrow(/at least one pair/);
    await expect(run({ ...settings, tMin: 600, tMax: 500, model, pairs }, ctx)).rejects.toThrow(/tMin below tMax, got 600 and 500/);
    const small = await ctx.images.write({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) }, { key: 'small', caption: '' });
    const unequal = { ...pairs, pairs: [...pairs.pairs, { ...pairs.pairs[0]!, key: 'odd', bad: small }] };
    await expect(run({ ...settings, model, pairs: unequal }, ctx)).rejects.toThrow(
      /pair odd: expected pictures of 16 x 16, as the first pair has, got 8 x 8/,
    );
  });
  it('stops with the step and a likely cause when the loss is lost', async () => {
    const tensors = await weightsOf(model);
    const name = 'conv_in.weight';
    const { dims } = tensors.get(name)!;
    const broken = await ctx.assets.write(
      safetensorsBytes(new Map([...tensors, [name, float32(dims, new Float32Array(sizeOf(dims)).fill(NaN))]])),
      'application/x-safetensors',
    );
    const nan: Model<'diffusion'> = {
      ...model,
      components: { ...model.components, unet: { ...model.components['unet']!, weights: { asset: broken } } },
    };
    await expect(run({ ...settings, model: nan, pairs }, ctx)).rejects.toThrow(
      /loss of step 0: expected a finite number, got NaN at a learning rate of 0\.000167\. Likely cause/,
    );
  });
  it('stops between steps when the run is cancelled', async () => {
    const controller = new AbortController();
    const cancelled = createFakeContext({ openSession: runtime.open, signal: controller.signal });
    const images = await Promise.all([1, 2].map((seed) => cancelled.images.write(picture(seed), { key: `k${seed}`, caption: 'a face' })));
    const one: PairSet = { pairs: [{ ...pairs.pairs[0]!, good: images[0]!, bad: images[1]! }], manifest: {} };
    const running = run(
      { ...settings, steps: 100_000, model, pairs: one },
      { ...cancelled, progress: (done) => (done === 3 ? controller.abort() : undefined) },
    );
    await expect(running).rejects.toThrow(/abort/i);
    await cancelled.close();
  });
});
