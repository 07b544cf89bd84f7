// ReFL on tiny models: what it computes, that rewards rise, that runs repeat, and what is refused.
import type { Image, Prompts } from '@facewright/core';
import { createSampler, imageRewardScale, predictOriginal } from '@facewright/models';
import { openDiffusion, openFaceScore } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels, type TinyKind } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createRng, float32, type ImageBuffer } from '@facewright/tensor';
import { createFakeContext, type KeptCheckpoint } from '@facewright/testing';
import { readSafetensorsHeader, readTensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reflTrainer } from './definition.ts';
import { run } from './refl.ts';
import type { TrainingSettings } from './ports.ts';
import { curveOf, tinyPicture, tinyTraining } from './testing/tiny-training.ts';

const runtime = await createRuntime({ provider: 'cpu', optimise: false });
const ctx = createFakeContext({ openSession: runtime.open });
const models = async (kind: TinyKind) => {
  const folder = join(ctx.folder(), kind);
  await writeTinyModels(folder, { kind });
  return tinyHandles(folder, ctx);
};
let tiny: Awaited<ReturnType<typeof models>>;
let images: Image[];
beforeAll(async () => {
  tiny = await models('sd1');
  images = await Promise.all([1, 2].map((seed) => ctx.images.write(tinyPicture(seed), { key: `k${seed}`, caption: 'a man' })));
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const prompts = (...texts: string[]): Prompts => ({ prompts: texts.map((text, i) => ({ key: `p${i}`, text })) });
const settings = () => ({
  ...tinyTraining,
  model: tiny.diffusion,
  reward: tiny.faceScore,
  prompts: prompts('a man', 'a face'),
  images: undefined as Image[] | undefined,
  width: 0,
  height: 0,
  rewardPrompt: 'a face .',
  rewardScale: 1e-3,
  margin: 2,
  diffusionWeight: 0,
  samplingSteps: 4,
  fromStep: 2,
  toStep: 3,
  rewardMean: imageRewardScale.mean as number,
  rewardDeviation: imageRewardScale.deviation as number,
  steps: 2,
  warmUp: 0,
  schedule: 'constant' as TrainingSettings['schedule'],
  weightDecay: 0,
});
const train = async (more: Partial<ReturnType<typeof settings>> = {}) => {
  let seen: ImageBuffer | undefined;
  const progress = (_done: number, _total: number, picture?: ImageBuffer) => void (seen = picture ?? seen);
  const { model, training } = await run({ ...settings(), ...more }, { ...ctx, progress: progress as typeof ctx.progress });
  const curve = await curveOf(training, ctx);
  const of = (name: string) => curve.filter((point) => point.name === name).map(({ value }) => value);
  return { model, training, of, seen: seen! };
};
/** Every trained number and every point of the curve. */
const contentOf = async ({ model, training }: Awaited<ReturnType<typeof run>>, assets = ctx.assets) => {
  const { tensors } = await readSafetensorsHeader(await assets.file(model.components['unet']!.weights!));
  return { weights: [...(await readTensors(tensors)).values()].map(({ data }) => data), curve: await assets.read(training.metrics) };
};
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('ReFL', () => {
  it('sees what the model draws up to a random step and finishes in one', async () => {
    const seed = 5;
    const { of, seen } = await train({ seed, steps: 1, batch: 1, prompts: prompts('a man'), rewardPrompt: '' });
    // the same walk, by what draws and scores pictures elsewhere; with one prompt nothing is drawn before it
    const rng = createRng(seed);
    const diffusion = await openDiffusion(tiny.diffusion, ctx, { batch: 1 });
    const sampler = createSampler('ddpm', diffusion.schedule, 4);
    const stop = 2 + rng.integer(2);
    const dims = [1, 4, 4, 4];
    const conditioning = await diffusion.encodePrompts(['a man']);
    const predict = async (x: Float32Array, step: number) =>
      (await diffusion.predict({ latents: float32(dims, x), timestep: sampler.timesteps[step]!, conditioning })).data;
    let x = rng.normal(64);
    for (let step = 0; step < stop; step++) x = sampler.step(await predict(x, step), x, step, () => rng.normal(64));
    const clean = predictOriginal(diffusion.schedule, await predict(x, stop), x, sampler.timesteps[stop]!);
    const scorer = await openFaceScore(tiny.faceScore, ctx);
    const drawn = await diffusion.decodeLatents(float32(dims, clean));
    // float32 in another order: a byte may round the other way
    expect(Math.max(...seen.data.map((byte, i) => Math.abs(byte - drawn[0]!.data[i]!)))).toBeLessThanOrEqual(1);
    expect(new Set(seen.data).size).toBeGreaterThan(50);
    const [raw = 0] = await scorer.score(drawn, 'a man');
    const reward = (raw - imageRewardScale.mean) / imageRewardScale.deviation;
    // pictures are rounded to bytes there
    expect(of('reward')[0]).toBeCloseTo(reward, 3);
    expect(of('loss')[0]).toBeCloseTo(1e-3 * Math.max(0, 2 - of('reward')[0]!), 6);
  });
  it('raises the reward of what is drawn', async () => {
    const long = { steps: 40, batch: 8, margin: 100 };
    const { training, of } = await train({ ...long, learningRate: 1e-2 });
    expect(training.method).toBe('ReFL');
    const rewards = of('reward');
    expect(rewards).toHaveLength(40);
    // the same prompts, noise and steps, judged without learning
    const before = (await train({ ...long, learningRate: 1e-12 })).of('reward');
    expect(mean(rewards.slice(-10))).toBeGreaterThan(mean(before.slice(-10)) + 0.02);
  });
  it('learns nothing from pictures above the margin', async () => {
    const { of } = await train({ margin: -1000 });
    expect([...of('loss'), ...of('gradient_norm')]).toEqual([0, 0, 0, 0]);
  });
  it('walks with the weights as they are: a second step sees what the first one learned', async () => {
    const rewards = async (learningRate: number) => (await train({ learningRate })).of('reward');
    const [moved, still] = [await rewards(1e-1), await rewards(1e-12)];
    expect(moved[0]).toBe(still[0]);
    expect(moved[1]).not.toBeCloseTo(still[1]!, 4);
  });
  it.each(['full', 'lora'] as const)('gives the same weights for the same seed, and others for another: %s', async (mode) => {
    const weightsOf = async (seed: number) => {
      const { model } = await train({ mode, seed, accumulate: 2 });
      if (mode === 'lora') expect(model.loras.map(({ name }) => name)).toEqual(['refl']);
      const file = mode === 'lora' ? model.loras[0]!.weights : model.components['unet']!.weights!;
      const tensors = await readTensors((await readSafetensorsHeader(await ctx.assets.file(file))).tensors);
      return [...tensors.values()].map(({ data }) => data);
    };
    const first = await weightsOf(3);
    expect(await weightsOf(3)).toEqual(first);
    expect(await weightsOf(4)).not.toEqual(first);
  });
  it('goes on after a cancel in the middle of a walk, to the same numbers as a training that was not cancelled', async () => {
    const inputs = { ...settings(), steps: 4 };
    const kept: KeptCheckpoint = { checkpoint: null };
    const cancel = new AbortController();
    const first = createFakeContext({ openSession: runtime.open, signal: cancel.signal, kept });
    let calls = 0;
    const running = run(inputs, {
      ...first,
      // the walk of the third step; two or three calls each
      async session(key, build, options) {
        const session = await first.session(key, build, options);
        if (!key.startsWith('current:')) return session;
        return {
          ...session,
          run(feeds) {
            if (++calls === 7) cancel.abort();
            return session.run(feeds);
          },
        };
      },
    });
    await expect(running).rejects.toThrow(/abort/i);
    expect(kept.checkpoint!.data).toMatchObject({ done: 2 });
    const second = createFakeContext({ openSession: runtime.open, kept });
    const resumed = await contentOf(await run(inputs, second), second.assets);
    expect(resumed).toEqual(await contentOf(await run(inputs, ctx)));
    await Promise.all([first.close(), second.close()]);
  });
  it('adds the plain diffusion loss on pictures, which may have another size than what is drawn', async () => {
    const { of } = await train({ images, diffusionWeight: 0.5, width: 32, previewPrompt: 'a man' });
    const [loss, own, plain] = [of('loss'), of('reward_loss'), of('diffusion_loss')];
    expect(loss).toHaveLength(2);
    loss.forEach((value, i) => expect(value).toBeCloseTo(own[i]! + 0.5 * plain[i]!, 5));
  });
  it.each(['sd2', 'sdxl'] as const)('trains a model of kind %s', async (kind) => {
    const { diffusion } = await models(kind);
    const { of } = await train({ model: diffusion, mode: 'lora', height: 24 });
    expect(of('loss').every((value) => Number.isFinite(value) && value > 0)).toBe(true);
  });
});

it('begins with the settings of its authors', () => {
  const { rewardScale, margin, rewardMean, rewardDeviation } = reflTrainer.inputs;
  // ImageReward's own ReFL.py (arXiv 2304.05977)
  expect([rewardScale.default, margin.default]).toEqual([1e-3, 2]);
  expect({ mean: rewardMean.default, deviation: rewardDeviation.default }).toEqual(imageRewardScale);
});

describe('bad input', () => {
  it('is named all at once', async () => {
    const wrong = { prompts: prompts(), width: 18, fromStep: 5, toStep: 4, diffusionWeight: 1 };
    await expect(train(wrong)).rejects.toMatchObject({
      code: 'TRAINER_SETTINGS',
      message: expect.stringMatching(
        /got 5 that do not:\n.*prompts: .*\n.*width: expected a multiple of 4 pixels, got 18\n.*fromStep not above toStep, got 5 and 4\n.*toStep: .* got 4 of 4\n.*images: /,
      ) as string,
    });
  });
  it('is a model of another family, before anything runs', () => {
    expect(() => reflTrainer.inputs.reward.check(tiny.dino)).toThrow(/expected a face-score model/);
  });
  it('is more steps than the schedule has', async () => {
    await expect(train({ samplingSteps: 1000 })).rejects.toMatchObject({ code: 'MODELS_INPUT' });
  });
});
