import type { Image, LabelledModel } from '@facewright/core';
import { createRuntime } from '@facewright/runtime';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createFakeContext, type FakeContext, type KeptCheckpoint } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './draw-experiment.ts';
import { run as sampler } from './draw-prompts.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
const [one, two] = ['one', 'two'].map((name) => join(ctx.folder(), name)) as [string, string];
let models: readonly LabelledModel[];
beforeAll(async () => {
  await writeTinyModels(one);
  await writeTinyModels(two, { seed: 50 });
  models = [
    { label: 'base', model: (await tinyHandles(one, ctx)).diffusion },
    { label: 'tuned', model: (await tinyHandles(two, ctx)).diffusion },
  ];
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});

const settings = {
  prompts: {
    prompts: [
      { key: 'a', text: 'a face' },
      { key: 'b', text: 'a man' },
    ],
  },
  imagesPerPrompt: 2,
  seed: 5,
  steps: 3,
  guidance: 2,
  guidanceRescale: 0,
  negativePrompt: '',
  scheduler: 'ddim' as const,
  sigmas: 'default' as const,
  clipSkip: 1,
  width: 0,
  height: 0,
  batch: 1,
  previewSteps: 0,
};
const draw = async (context: FakeContext = ctx, inputs: Partial<Parameters<typeof run>[0]> = {}) =>
  (await run({ models, ...settings, ...inputs }, context)).variants;
const ids = (images: readonly Image[]) => images.map(({ asset }) => asset.id);

describe('Draw experiment', () => {
  it('draws what a Sampler with the same settings draws, for each model, and says what made it', async () => {
    const variants = await draw();
    expect(variants.map(({ label }) => label)).toEqual(['base', 'tuned']);
    expect(variants[0]!.facts).toEqual({ model: 'tiny', sampler: 'ddim, 3 steps, guidance 2', size: '16 × 16' });
    for (const [i, { images }] of variants.entries()) {
      expect(images.map(({ key }) => key)).toEqual(['a#5', 'a#6', 'b#5', 'b#6']);
      expect(ids(images)).toEqual(ids((await sampler({ model: models[i]!.model, ...settings }, ctx)).images));
    }
    expect(ids(variants[0]!.images)).not.toEqual(ids(variants[1]!.images));
  });
  it('counts its progress over all models', async () => {
    const watched = createFakeContext({ openSession: runtime.open });
    await draw(watched);
    const done = watched.said.progress.map((said) => said.done);
    expect(done).toEqual(done.toSorted((a, b) => a - b));
    expect(watched.said.progress.at(-1)).toMatchObject({ done: 8000, total: 8000 });
    await watched.close();
  });
  it('goes on where a cancelled run left off, and ends with the same pictures', async () => {
    const whole = await draw();
    const kept: KeptCheckpoint = { checkpoint: null };
    const stop = new AbortController();
    const own = createFakeContext({ openSession: runtime.open, signal: stop.signal, kept });
    const cancelled = { ...own, progress: (done: number) => done === 5000 && stop.abort() };
    await expect(draw(cancelled)).rejects.toMatchObject({ name: 'AbortError' });
    await cancelled.close();
    const left = (kept.checkpoint as { data: { drawn: Image[][] } } | null)?.data.drawn.map((images) => images.length);
    expect(left).toEqual([4, 1]);
    const again = createFakeContext({ openSession: runtime.open, kept });
    expect(await draw(again)).toEqual(whole);
    expect(again.said.logs[0]!.message).toBe('goes on after 5 of 8 pictures');
    await again.close();
  });
  it('refuses no models and two under one label', async () => {
    await expect(draw(ctx, { models: [] })).rejects.toMatchObject({ code: 'SAMPLER_NO_MODELS' });
    await expect(draw(ctx, { models: [models[0]!, models[0]!] })).rejects.toMatchObject({ code: 'SAMPLER_LABELS' });
    await expect(draw(ctx, { prompts: { prompts: [] } })).rejects.toMatchObject({ code: 'SAMPLER_NO_PROMPTS' });
  });
});
