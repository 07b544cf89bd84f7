import type { Image, Model } from '@facewright/core';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createFakeContext } from '@facewright/testing';
import { createRng } from '@facewright/tensor';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const ctx = createFakeContext({ openSession: runtime.open });
let models: { scorer: Model<'face-score'>; detector: Model<'face-detector'>; features: Model<'features'> };
let base: readonly Image[];
let real: readonly Image[];
/** Noise of some brightness: the tiny networks tell colours apart, nothing else. */
const draw = (seed: number, brightness: number, caption: string, key = `k${seed}`) => {
  const rng = createRng(seed);
  return ctx.images.write(
    { width: 16, height: 16, channels: 3, data: Uint8Array.from({ length: 768 }, () => brightness + rng.integer(60)) },
    { key, caption },
  );
};
const set = (offset: number, brightness: number, count = 40) =>
  Promise.all(Array.from({ length: count }, (_, i) => draw(offset + i, brightness, 'a <face> & more', `k${i}`)));
beforeAll(async () => {
  const folder = join(ctx.folder(), 'tiny');
  await writeTinyModels(folder);
  const { faceScore, detector, features } = await tinyHandles(folder, ctx);
  models = { scorer: faceScore, detector, features };
  base = await set(0, 60);
  real = await set(5000, 150);
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const settings = { tunedLabel: 'Guidance', rivalLabel: 'Plain fine-tuning', title: 'Better?', resamples: 200, seed: 1, rival: undefined };
interface ReportJson {
  readonly verdict: { readonly headline: string };
  readonly comparisons: readonly {
    readonly variant: string;
    readonly against: string;
    readonly measure: string;
    readonly verdict: string;
    readonly pairs: number;
  }[];
  readonly summaries: readonly { readonly label: string; readonly values: Readonly<Record<string, number>> }[];
}
const jsonOf = async ({ report }: Awaited<ReturnType<typeof run>>) =>
  JSON.parse(new TextDecoder().decode(await ctx.assets.read(report.json))) as ReportJson;

describe('the Evaluator', () => {
  it('finds pictures that moved toward real ones closer by Fréchet distance, and shows base, rival, controls and real', async () => {
    const result = await run({ ...settings, ...models, base, tuned: await set(0, 140), rival: await set(0, 100), real }, ctx);
    const json = await jsonOf(result);
    const of = (variant: string, against: string) =>
      json.comparisons.find((c) => c.variant === variant && c.against === against && c.measure === 'frechetDistance')!;
    expect(of('Guidance', 'Base').verdict).toBe('better');
    expect(of('Guidance', 'Plain fine-tuning').verdict).toBe('better');
    expect(json.summaries.map(({ label }) => label)).toEqual([
      'Base',
      'Guidance',
      'Plain fine-tuning',
      'Base, blurred',
      'Base, noised',
      'Real pictures',
    ]);
    const html = new TextDecoder().decode(await ctx.assets.read(result.report.html));
    expect(html).toContain(json.verdict.headline);
    expect(html).toContain('a &#60;face&#62; &#38; more');
    expect(html).not.toMatch(/<script|https?:\/\//);
    expect(ctx.written.has('report.html')).toBe(true);
  });
  it('says that nothing changed when tuned and base are the same pictures', async () => {
    const json = await jsonOf(await run({ ...settings, ...models, base, tuned: base, real }, ctx));
    expect(json.verdict.headline).toBe('No measurable change.');
  });
  it('gives the same report for the same seed', async () => {
    const once = async () =>
      (await run({ ...settings, ...models, base, tuned: real.slice(0, 40).map((image, i) => ({ ...image, key: `k${i}` })), real }, ctx))
        .report.json.id;
    expect(await once()).toBe(await once());
  });
  it('pairs by key, leaves pictures without a partner out and says how many', async () => {
    const json = await jsonOf(await run({ ...settings, ...models, base, tuned: (await set(0, 140)).slice(10).reverse(), real }, ctx));
    expect(json.comparisons[0]!.pairs).toBe(30);
    expect(ctx.said.logs.at(-1)!.message).toMatch(/^10 pictures have no partner/);
  });
  it('names what keeps it from comparing', async () => {
    const strangers = base.map((image) => ({ ...image, key: `x${image.key}` }));
    await expect(run({ ...settings, ...models, base, tuned: strangers, real }, ctx)).rejects.toThrow(
      /Guidance: expected pictures with the same prompts and seeds as the 40 of Base, got 40 with none in common/,
    );
    await expect(run({ ...settings, ...models, base, tuned: base, real: real.slice(0, 5) }, ctx)).rejects.toThrow(
      /real: expected at least 32 pictures, got 5/,
    );
    await expect(run({ ...settings, ...models, base: [...base, ...base.slice(0, 2)], tuned: base, real }, ctx)).rejects.toThrow(
      /Base: expected one picture for each prompt and seed, got several for k0, k1$/,
    );
  });
});
