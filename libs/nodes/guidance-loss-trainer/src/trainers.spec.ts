// The trainers on tiny models: what they give, that runs repeat, and what they refuse.
import type { Image, Model, PairSet, Training } from '@facewright/core';
import { openDiffusion } from '@facewright/pipelines';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng, float32, sizeOf } from '@facewright/tensor';
import { readSafetensorsHeader, readTensors, safetensorsBytes } from '@facewright/weights';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run as dpo } from './dpo.ts';
import { run as fineTune } from './fine-tune.ts';
import { run } from './guidance-loss.ts';
import { run as spin } from './spin.ts';
import { curveOf, tinyPicture, tinyTraining } from './testing/tiny-training.ts';

const runtime = await createRuntime({ provider: 'cpu', optimise: false });
const ctx = createFakeContext({ openSession: runtime.open });
const folder = join(ctx.folder(), 'tiny');
let model: Model<'diffusion'>;
let pairs: PairSet;
let images: Image[];
beforeAll(async () => {
  await writeTinyModels(folder);
  model = (await tinyHandles(folder, ctx)).diffusion;
  images = await Promise.all([1, 2, 3, 4, 5, 6].map((seed) => ctx.images.write(tinyPicture(seed), { key: `k${seed}`, caption: 'a face' })));
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
  ...tinyTraining,
  guidanceWeight: 1,
  diffusionWeight: 1,
  tMin: 400,
  tMax: 1000,
  snrWeighting: 'min-snr',
  snrGamma: 5,
  faceWeight: 1,
  distance: 'latents',
  dino: undefined,
  dinoMetric: 'cosine',
  dinoOn: 'picture',
  target: 'frozen',
} as const;
const preference = { ...tinyTraining, beta: 5000, form: 'authors', tMin: 0, tMax: 1000 } as const;
const tuning = { ...tinyTraining, prior: undefined, prompt: '', priorPrompt: '', priorWeight: 1, snrGamma: 0 } as const;
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
    const curve = await curveOf(training, ctx);
    for (const name of ['loss', 'guidance_loss', 'diffusion_loss', 'gradient_norm'])
      expect(curve.filter((point) => point.name === name)).toHaveLength(6);
    const at0 = Object.fromEntries(curve.filter(({ step }) => step === 0).map(({ name, value }) => [name, value]));
    expect(at0['loss']).toBeCloseTo(at0['guidance_loss']! + at0['diffusion_loss']!, 4);
  });
  it('gives the same weights for the same seed, and others for another', async () => {
    const train = async (seed: number) =>
      (await weightsOf((await run({ ...settings, seed, model, pairs }, ctx)).model)).get('conv_out.weight')!.data;
    const first = await train(3);
    expect(await train(3)).toEqual(first);
    expect(await train(4)).not.toEqual(first);
  });
  it.each(['full', 'lora'] as const)(
    'gives the same losses where onnxruntime optimises the graph, as it does outside of specs: %s',
    async (mode) => {
      const optimising = await createRuntime({ provider: 'cpu' });
      const sessions = createFakeContext({ openSession: optimising.open });
      const lossesOf = async (session: typeof ctx.session) =>
        valuesOf((await run({ ...settings, mode, model, pairs }, { ...ctx, session })).training, 'loss');
      const [plain, optimised] = [await lossesOf(ctx.session), await lossesOf(sessions.session)];
      // sums in another order, over six steps
      optimised.forEach((loss, i) => expect(Math.abs(loss / plain[i]! - 1)).toBeLessThan(1e-4));
      await sessions.close();
      await optimising.dispose();
    },
  );
  it('is plain fine-tuning when guidance has no weight', async () => {
    const { training } = await run({ ...settings, guidanceWeight: 0, model, pairs }, ctx);
    expect(training.method).toBe('plain fine-tuning');
    expect(new Set((await curveOf(training, ctx)).map(({ name }) => name))).toEqual(
      new Set(['loss', 'learning_rate', 'diffusion_loss', 'gradient_norm']),
    );
  });
  it('lowers the loss that it minimises', async () => {
    const { training } = await run({ ...settings, steps: 60, learningRate: 3e-3, guidanceWeight: 0, model, pairs }, ctx);
    const losses = (await curveOf(training, ctx)).filter(({ name }) => name === 'loss').map(({ value }) => value);
    expect(mean(losses.slice(-15))).toBeLessThan(0.8 * mean(losses.slice(0, 15)));
  });
  it('in float16 lowers it as in float32, and keeps float32 weights', async () => {
    const trained = async (precision: 'float16' | 'float32') => {
      const more = { precision, steps: 40, learningRate: 3e-3, guidanceWeight: 0 };
      const { model: tuned, training } = await run({ ...settings, ...more, model, pairs }, ctx);
      expect(training.settings).toMatchObject({ precision });
      expect((await weightsOf(tuned)).get('conv_out.weight')!.dtype).toBe('float32');
      expect(await valuesOf(training, 'loss_scale')).toEqual(precision === 'float16' ? Array(40).fill(65_536) : []);
      return valuesOf(training, 'loss');
    };
    const [half, full] = [await trained('float16'), await trained('float32')];
    expect(half).not.toEqual(full);
    expect(mean(half.slice(-10))).toBeLessThan(0.85 * mean(half.slice(0, 10)));
    const apart = Math.max(...full.map((loss, at) => Math.abs(half[at]! / loss - 1)));
    // Measured 3.0e-4, below one rounding of float16; weights that drift apart show in the last losses.
    expect(apart).toBeLessThan(2e-3);
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

const valuesOf = async (training: Training, name: string) =>
  (await curveOf(training, ctx)).filter((point) => point.name === name).map(({ value }) => value);
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('settings that every trainer has', () => {
  const tuned = async (more: Partial<Record<keyof typeof tinyTraining, unknown>>) =>
    (await run({ ...settings, guidanceWeight: 0, model, pairs, ...more } as Parameters<typeof run>[0], ctx)).model;
  const weight = async (handle: Model<'diffusion'>) => (await weightsOf(handle)).get('conv_out.weight')!.data as Float32Array;

  let base: Promise<Float32Array> | undefined;
  it.each([
    { schedule: 'cosine' },
    { warmUp: 2 },
    { finalRate: 1 },
    { weightDecay: 0.9 },
    { maxGradientNorm: 0.01 },
    { accumulate: 2 },
    { emaDecay: 0.9 },
  ] as const)('%o changes what is learned', async (more) => {
    const steps = { steps: 5, warmUp: 1 };
    base ??= tuned(steps).then(weight);
    expect(await weight(await tuned({ ...steps, ...more }))).not.toEqual(await base);
  });
  it('the moving average lies nearer to where training began', async () => {
    const [start, last, average] = [await weight(model), await weight(await tuned({})), await weight(await tuned({ emaDecay: 0.9 }))];
    const moved = (values: Float32Array) => Math.hypot(...values.map((v, i) => v - start[i]!));
    expect(moved(average)).toBeLessThan(moved(last));
    expect(moved(average)).toBeGreaterThan(0);
  });
  it('a LoRA reaches the layers that its targets name, and its alpha is read back', async () => {
    const layersOf = async (targets: string, alpha: number) => {
      const { loras } = await tuned({ mode: 'lora', targets, alpha });
      const { tensors, metadata } = await readSafetensorsHeader(await ctx.assets.file(loras[0]!.weights));
      expect(JSON.parse(metadata['lora_adapter_metadata']!)).toMatchObject({ 'unet.r': 2, 'unet.lora_alpha': alpha || 2 });
      return [...tensors.keys()].join();
    };
    const attention = await layersOf('attention', 0);
    expect(attention).not.toContain('.ff.net.');
    const feedForward = await layersOf('attention and feed-forward', 4);
    expect(feedForward).toContain('.ff.net.2.lora_A.weight');
    expect(feedForward).not.toContain('resnets');
    const all = await layersOf('all', 0);
    expect(all).toContain('resnets.0.conv1.lora_A.weight');
    const opened = await openDiffusion(await tuned({ mode: 'lora', targets: 'all' }), ctx, { batch: 1 });
    const conditioning = await opened.encodePrompts(['a man']);
    expect((await opened.predict({ latents: float32([1, 4, 4, 4], createRng(1).normal(64)), timestep: 500, conditioning })).dims).toEqual([
      1, 4, 4, 4,
    ]);
  });
  it.each(['full', 'lora'] as const)('draws the preview prompt with the weights in training, %s', async (mode) => {
    const previews: string[] = [];
    const progress = (_done: number, _total: number, picture?: { data: Uint8Array }) =>
      void (picture && previews.push(picture.data.join()));
    const seen = { ...ctx, progress: progress as typeof ctx.progress };
    await run({ ...settings, guidanceWeight: 0, mode, learningRate: 1e-2, warmUp: 0, previewPrompt: 'a man', model, pairs }, seen);
    expect(previews).toHaveLength(6);
    expect(new Set(previews).size).toBe(6);
  });
});

describe('guidance that weighs faces', () => {
  it('differs from guidance that does not, and counts places that no box covers once', async () => {
    const lossesOf = async (faceWeight: number, boxes: PairSet['pairs'][number]['boxes']) => {
      const boxed = { ...pairs, pairs: pairs.pairs.map((pair) => ({ ...pair, boxes })) };
      return valuesOf((await run({ ...settings, faceWeight, model, pairs: boxed }, ctx)).training, 'guidance_loss');
    };
    const plain = await lossesOf(1, [[2, 2, 12, 12]]);
    expect((await lossesOf(9, [[2, 2, 12, 12]]))[0]).not.toBeCloseTo(plain[0]!, 5);
    expect((await lossesOf(9, []))[0]).toBeCloseTo(plain[0]!, 5);
  });
});

describe('Diffusion-DPO', () => {
  it('begins at log 2 and learns to win the pairs, in a curve of the implicit accuracy', async () => {
    const { training } = await dpo({ ...preference, steps: 60, batch: 3, warmUp: 0, learningRate: 3e-3, beta: 500, model, pairs }, ctx);
    expect(training).toMatchObject({ method: 'Diffusion-DPO', steps: 60 });
    const losses = await valuesOf(training, 'loss');
    expect(losses[0]).toBeCloseTo(Math.LN2, 3);
    expect(mean(losses.slice(-15))).toBeLessThan(0.9 * Math.LN2);
    expect(mean((await valuesOf(training, 'implicit_accuracy')).slice(-15))).toBeGreaterThan(0.6);
  });
  it('holds a LoRA to the model without it', async () => {
    const { model: once, training } = await dpo({ ...preference, mode: 'lora', learningRate: 1e-2, model, pairs }, ctx);
    expect((await valuesOf(training, 'loss'))[0]).toBeCloseTo(Math.LN2, 3);
    const { model: twice, training: second } = await dpo({ ...preference, mode: 'lora', model: once, pairs }, ctx);
    expect(twice.loras.map(({ name }) => name)).toEqual(['dpo', 'dpo']);
    expect((await valuesOf(second, 'loss'))[0]).toBeCloseTo(Math.LN2, 3);
  });
});

describe('SPIN', () => {
  const real = () => images.slice(0, 3);
  it('learns to prefer the real pictures', async () => {
    // what both sides have of their own noise outweighs small batches
    const flat = (key: string) => ctx.images.write({ width: 16, height: 16, channels: 3, data: new Uint8Array(768) }, { key, caption: '' });
    const drawn = await Promise.all(real().map(({ key }) => flat(key)));
    const large = { steps: 40, batch: 64, warmUp: 0, learningRate: 1e-2, beta: 5, tMax: 300 };
    const { training } = await spin({ ...preference, ...large, model, good: real(), drawn }, ctx);
    expect(training).toMatchObject({ method: 'SPIN', steps: 40 });
    const losses = await valuesOf(training, 'loss');
    expect(losses[0]).toBeCloseTo(Math.LN2, 3);
    expect(mean(losses.slice(-10))).toBeLessThan(0.9 * Math.LN2);
    expect(mean((await valuesOf(training, 'implicit_accuracy')).slice(-10))).toBeGreaterThan(0.6);
  });
  it('matches real and drawn pictures by key', async () => {
    const drawn = images.slice(3).map((image, i) => ({ ...image, key: real()[i]!.key }));
    const train = async (opponents: readonly Image[]) =>
      valuesOf((await spin({ ...preference, steps: 3, beta: 5, model, good: real(), drawn: opponents }, ctx)).training, 'loss');
    expect(await train([...drawn].reverse())).toEqual(await train(drawn));
  });
  it('names the pictures without a partner', async () => {
    await expect(spin({ ...preference, model, good: real(), drawn: [images[0]!] }, ctx)).rejects.toThrow(
      /drawn: expected a picture for each key of good, got none for k2, k3/,
    );
    await expect(spin({ ...preference, model, good: [images[0]!, images[0]!], drawn: [] }, ctx)).rejects.toThrow(/good: .* several for k1/);
  });
});

describe('fine-tuning on pictures', () => {
  it('lowers its loss', async () => {
    const { training } = await fineTune({ ...tuning, steps: 60, learningRate: 3e-3, model, images }, ctx);
    expect(training.method).toBe('plain fine-tuning');
    const losses = await valuesOf(training, 'loss');
    expect(mean(losses.slice(-15))).toBeLessThan(0.8 * mean(losses.slice(0, 15)));
  });
  it('adds the weighted loss on prior pictures, which may have another size', async () => {
    const prior = [
      await ctx.images.write({ width: 32, height: 16, channels: 3, data: new Uint8Array(1536).fill(99) }, { key: 'p', caption: '' }),
    ];
    const { training } = await fineTune({ ...tuning, prior, priorPrompt: 'a man', priorWeight: 0.5, model, images }, ctx);
    expect(training.method).toBe('DreamBooth');
    const [loss, instance, kept] = await Promise.all(['loss', 'instance_loss', 'prior_loss'].map((name) => valuesOf(training, name)));
    loss!.forEach((value, i) => expect(value).toBeCloseTo(instance![i]! + 0.5 * kept![i]!, 4));
  });
  it('takes the prompt in place of captions', async () => {
    const lossOf = async (prompt: string) => valuesOf((await fineTune({ ...tuning, prompt, model, images }, ctx)).training, 'loss');
    expect(await lossOf('a face')).toEqual(await lossOf(''));
    expect(await lossOf('blurry')).not.toEqual(await lossOf(''));
  });
});

describe.each(['sd2', 'sdxl'] as const)('a model of kind %s', (kind) => {
  it('is trained by every method', async () => {
    const other = join(ctx.folder(), kind);
    await writeTinyModels(other, { kind });
    const handle = (await tinyHandles(other, ctx)).diffusion;
    const drawn = images.slice(0, 2);
    const trainings = [
      await run({ ...settings, steps: 2, faceWeight: 2, model: handle, pairs }, ctx),
      await dpo({ ...preference, steps: 2, model: handle, pairs }, ctx),
      await spin({ ...preference, steps: 2, model: handle, good: drawn, drawn }, ctx),
      await fineTune({ ...tuning, steps: 2, mode: 'lora', previewPrompt: 'a man', prior: drawn, snrGamma: 5, model: handle, images }, ctx),
    ];
    for (const { training } of trainings) for (const { value } of await curveOf(training, ctx)) expect(Number.isFinite(value)).toBe(true);
  });
});

describe('bad input', () => {
  it('names what is wrong', async () => {
    await expect(run({ ...settings, model, pairs: { pairs: [], manifest: {} } }, ctx)).rejects.toThrow(
      /pairs: expected at least one, got none/,
    );
    await expect(run({ ...settings, tMin: 600, tMax: 500, model, pairs }, ctx)).rejects.toThrow(/tMin below tMax, got 600 and 500/);
    const small = await ctx.images.write({ width: 8, height: 8, channels: 3, data: new Uint8Array(192) }, { key: 'small', caption: '' });
    const unequal = { ...pairs, pairs: [...pairs.pairs, { ...pairs.pairs[0]!, key: 'odd', bad: small }] };
    await expect(run({ ...settings, model, pairs: unequal }, ctx)).rejects.toThrow(
      /pairs: expected pictures of 16 x 16, as the first has, got 1 of another size:\n {2}odd: 8 x 8/,
    );
  });
  it('refuses an exported graph, which has no gradients', async () => {
    const unet = { ...model.components['unet']!, format: 'onnx' as const };
    await expect(run({ ...settings, model: { ...model, components: { ...model.components, unet } }, pairs }, ctx)).rejects.toThrow(
      /training needs, got finished ONNX graphs \(unet\)/,
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
      /loss of step 0: expected a finite number, got NaN\. Likely cause: the model or the pictures/,
    );
  });
  it('stops between steps when the run is cancelled', async () => {
    const controller = new AbortController();
    const cancelled = createFakeContext({ openSession: runtime.open, signal: controller.signal });
    const images = await Promise.all(
      [1, 2].map((seed) => cancelled.images.write(tinyPicture(seed), { key: `k${seed}`, caption: 'a face' })),
    );
    const one: PairSet = { pairs: [{ ...pairs.pairs[0]!, good: images[0]!, bad: images[1]! }], manifest: {} };
    const running = run(
      { ...settings, steps: 100_000, model, pairs: one },
      { ...cancelled, progress: (done) => (done === 3 ? controller.abort() : undefined) },
    );
    await expect(running).rejects.toThrow(/abort/i);
    await cancelled.close();
  });
});
