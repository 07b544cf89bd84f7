// The guidance loss between DINO's features, and its targets, on tiny models.
import type { Image, Model, PairSet } from '@facewright/core';
import { tinyHandles, writeTinyModels, type TinyKind } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { readSafetensorsHeader, readTensors } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guidanceLossTrainer } from './definition.ts';
import { run } from './guidance-loss.ts';
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
const pairsOf = (boxes: PairSet['pairs'][number]['boxes']): PairSet => ({
  pairs: [0, 1].map((i) => ({ key: `p${i}`, caption: 'a man', good: images[2 * i]!, bad: images[2 * i + 1]!, boxes })),
  manifest: {},
});
beforeAll(async () => {
  tiny = await models('sd1');
  images = await Promise.all([1, 2, 3, 4].map((seed) => ctx.images.write(tinyPicture(seed), { key: `k${seed}`, caption: 'a face' })));
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const settings = () => ({
  ...tinyTraining,
  model: tiny.diffusion,
  pairs: pairsOf([[2, 2, 8, 8]]),
  dino: tiny.dino as Model<'dino'> | undefined,
  steps: 4,
  warmUp: 0,
  schedule: 'constant' as TrainingSettings['schedule'],
  weightDecay: 0,
  guidanceWeight: 1,
  diffusionWeight: 0,
  tMin: 400,
  tMax: 1000,
  snrWeighting: 'none' as 'none' | 'snr' | 'min-snr',
  snrGamma: 5,
  faceWeight: 1,
  distance: 'dino' as 'latents' | 'dino',
  dinoMetric: 'cosine' as 'cosine' | 'l2',
  dinoOn: 'picture' as 'picture' | 'faces',
  target: 'frozen' as 'frozen' | 'clean',
});
const train = async (more: Partial<ReturnType<typeof settings>> = {}) => {
  const { model, training } = await run({ ...settings(), ...more }, ctx);
  const curve = await curveOf(training, ctx);
  return { model, training, losses: curve.filter(({ name }) => name === 'guidance_loss').map(({ value }) => value) };
};
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('guidance by DINO', () => {
  it('lowers the distance that it minimises, as a training of its own name', async () => {
    const { training, losses } = await train({ steps: 60, batch: 16, learningRate: 1e-2, tMin: 700, tMax: 701, target: 'clean' });
    expect(training.method).toBe('guidance loss by DINO');
    expect(losses.every((loss) => loss > 0 && loss <= 2)).toBe(true);
    expect(mean(losses.slice(-15))).toBeLessThan(0.6 * mean(losses.slice(0, 15)));
  });
  let plain: Promise<readonly number[]> | undefined;
  const base = () => (plain ??= train({ steps: 1 }).then(({ losses }) => losses));
  it.each([{ dinoMetric: 'l2' }, { dinoOn: 'faces' }, { target: 'clean' }, { distance: 'latents' }, { snrWeighting: 'snr' }] as const)(
    'differs with %o from the first step on',
    async (more) => {
      expect((await train({ steps: 1, ...more })).losses[0]).not.toBeCloseTo((await base())[0]!, 5);
    },
  );
  it('looks at whole pictures where a face has no box', async () => {
    expect((await train({ steps: 1, dinoOn: 'faces', pairs: pairsOf([]) })).losses[0]).toBeCloseTo((await base())[0]!, 6);
  });
  it.each(['full', 'lora'] as const)('gives the same weights for the same seed, and others for another: %s', async (mode) => {
    const weightsOf = async (seed: number) => {
      const { model } = await train({ steps: 2, mode, seed });
      const file = mode === 'lora' ? model.loras[0]!.weights : model.components['unet']!.weights!;
      const tensors = await readTensors((await readSafetensorsHeader(await ctx.assets.file(file))).tensors);
      return [...tensors.values()].map(({ data }) => data);
    };
    const first = await weightsOf(3);
    expect(await weightsOf(3)).toEqual(first);
    expect(await weightsOf(4)).not.toEqual(first);
  });
  it('gives the same losses where decoder and DINO are computed twice instead of kept', async () => {
    const [kept, twice] = [(await train({ recompute: 'off' })).losses, (await train({ recompute: 'on' })).losses];
    twice.forEach((loss, i) => expect(loss).toBeCloseTo(kept[i]!, 6));
  });
  it.each(['sd2', 'sdxl'] as const)('trains a model of kind %s', async (kind) => {
    const { diffusion } = await models(kind);
    const { losses } = await train({ model: diffusion, steps: 2, mode: 'lora', dinoOn: 'faces' });
    expect(losses).toHaveLength(2);
    expect(losses.every(Number.isFinite)).toBe(true);
  });
});

describe('the clean target', () => {
  it('is the good picture itself: where both pictures of a pair are one, nothing is left but what the model cannot see', async () => {
    const same: PairSet = { pairs: [{ ...pairsOf([]).pairs[0]!, bad: images[0]! }], manifest: {} };
    const of = async (target: 'frozen' | 'clean') =>
      (await train({ steps: 1, pairs: same, target, distance: 'latents', dino: undefined })).losses[0]!;
    // before the first step the tuned model is the frozen one
    expect(await of('frozen')).toBeLessThan(1e-10);
    expect(await of('clean')).toBeGreaterThan(0.1);
  });
});

describe('bad input', () => {
  it('is named all at once', async () => {
    await expect(train({ dino: undefined, tMin: 600, tMax: 500, guidanceWeight: 0 })).rejects.toMatchObject({
      code: 'TRAINER_SETTINGS',
      message: expect.stringMatching(
        /got 3 that do not:\n.*tMin below tMax, got 600 and 500\n.*dino: expected a model from Load DINO, as distance is dino, got none\n.*guidanceWeight, diffusionWeight/,
      ) as string,
    });
  });
  it('is a model of another family, before anything runs', () => {
    expect(() => guidanceLossTrainer.inputs.dino.check(tiny.features)).toThrow(/expected a dino model/);
  });
  it('is a model of another kind: its file says so', async () => {
    const dino = { ...tiny.dino, components: { dino: tiny.faceScore.components['face_score']! } };
    await expect(train({ dino })).rejects.toMatchObject({ code: 'MODELS_INPUT' });
  });
});
