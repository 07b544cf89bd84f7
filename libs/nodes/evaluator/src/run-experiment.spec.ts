import { graphOfPicture, type Graph, type Image, type Metric, type Variant } from '@facewright/core';
import { tinyHandles, writeTinyModels } from '@facewright/pipelines/testing';
import { createRuntime } from '@facewright/runtime';
import { createRng } from '@facewright/tensor';
import { createFakeContext, type FakeContextOptions, type KeptCheckpoint } from '@facewright/testing';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from './run-experiment.ts';

const runtime = await createRuntime({ provider: 'cpu' });
const graph: Graph = {
  facewright: 1,
  name: 'my <experiment>',
  description: '',
  nodes: {
    draw: { type: 'facewright/draw-experiment', version: 1, values: {} },
    fake: { type: 'facewright/evaluate-experiment', version: 1, values: {} },
  },
  links: [{ from: ['draw', 'variants'], to: ['fake', 'variants'] }],
  groups: [],
};
const ctx = createFakeContext({ openSession: runtime.open, graph });
let metrics: readonly Metric[];
let real: readonly Image[];
const draw = (seed: number, brightness: number, key: string, context = ctx) => {
  const rng = createRng(seed);
  return context.images.write(
    { width: 16, height: 16, channels: 3, data: Uint8Array.from({ length: 768 }, () => brightness + rng.integer(60)) },
    { key, caption: 'a <face> & more' },
  );
};
const variant = async (label: string, offset: number, brightness: number, count = 40): Promise<Variant> => ({
  label,
  facts: { model: `${label}.safetensors` },
  images: await Promise.all(Array.from({ length: count }, (_, i) => draw(offset + i, brightness, `k${i}`))),
});
beforeAll(async () => {
  const folder = join(ctx.folder(), 'tiny');
  await writeTinyModels(folder);
  const { faceScore: scorer, detector, features } = await tinyHandles(folder, ctx);
  metrics = [
    { kind: 'face-score', name: 'FaceScore', models: { scorer, detector }, settings: { prompt: 'a face .', threshold: 0.3 } },
    { kind: 'frechet-distance', name: 'FID', models: { features }, settings: {} },
    { kind: 'kernel-distance', name: 'KID', models: { features }, settings: {} },
  ];
  real = (await variant('real', 5000, 150)).images;
});
afterAll(async () => {
  await ctx.close();
  await runtime.dispose();
});
const settings = { base: '', title: 'Which?', resamples: 200, seed: 1 };
interface ReportJson {
  readonly verdict: { readonly headline: string };
  readonly measures: readonly { readonly name: string }[];
  readonly comparisons: readonly {
    readonly variant: string;
    readonly against: string;
    readonly measure: string;
    readonly verdict: string;
  }[];
  readonly summaries: readonly {
    readonly role: string;
    readonly label: string;
    readonly values: Readonly<Record<string, number | null>>;
  }[];
}
const read = async (asset: Parameters<typeof ctx.assets.read>[0]) => new TextDecoder().decode(await ctx.assets.read(asset));
const jsonOf = async ({ report }: Awaited<ReturnType<typeof run>>) => JSON.parse(await read(report.json)) as ReportJson;

describe('Evaluate experiment', () => {
  it('compares every variant with the base by every metric, and adds what no score sees', async () => {
    const variants = [await variant('Base', 0, 60), await variant('Nearer', 0, 120), await variant('Farther', 0, 30)];
    const result = await run({ ...settings, variants, metrics, real }, ctx);
    const json = await jsonOf(result);
    expect(json.measures.map(({ name }) => name)).toEqual(['FaceScore', 'FID', 'KID', 'FacesFound', 'Sharpness', 'Contrast', 'Diversity']);
    const verdict = (of: string, against: string, measure: string) =>
      json.comparisons.find((c) => c.variant === of && c.against === against && c.measure === measure)?.verdict;
    for (const measure of ['FID', 'KID']) {
      expect(verdict('Nearer', 'Base', measure)).toBe('better');
      expect(verdict('Farther', 'Base', measure)).toBe('worse');
      expect(verdict('Nearer', 'Farther', measure)).toBe('better');
    }
    expect(json.summaries.map(({ role, label }) => [role, label])).toEqual([
      ['base', 'Base'],
      ['variant', 'Nearer'],
      ['variant', 'Farther'],
      ['control', 'Base, blurred'],
      ['control', 'Base, noised'],
      ['real', 'Real pictures'],
    ]);
    const html = await read(result.report.html);
    expect(html).toContain(json.verdict.headline.replaceAll('<', '&#60;'));
    expect(html).not.toMatch(/<script|https?:\/\/|\son\w+=/);
    for (const name of ['report.html', 'report.json', 'report.csv']) expect(ctx.written.has(name)).toBe(true);
    const csv = (await read(result.report.csv!)).trim().split('\r\n');
    // header; five sets of 40 and 40 real pictures, by the four metrics of pictures
    expect(csv).toHaveLength(1 + 6 * 40 * 4);
  });
  it('leads from numbers to pictures and from pictures to the graph that made them', async () => {
    const variants = [await variant('Base', 0, 60), await variant('Tuned', 9000, 90)];
    const html = await read((await run({ ...settings, variants, metrics, real }, ctx)).report.html);
    const ids = new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
    const links = [...html.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id!);
    expect(links.filter((id) => !ids.has(id))).toEqual([]);
    expect(links.filter((id) => /^p\d+-\d$/.test(id)).length).toBeGreaterThan(20);
    // each picture is in the page once
    const pictures = [...html.matchAll(/src="data:image\/png;base64,([^"]+)"/g)].map(([, data]) => data!);
    expect(new Set(pictures).size).toBe(pictures.length);
    const found = graphOfPicture(new Uint8Array(Buffer.from(pictures[0]!, 'base64')));
    expect(found).toMatchObject({ key: 'k0', graph: { name: 'my <experiment>' } });
    expect(Buffer.from(pictures[0]!, 'base64').toString('latin1')).toContain('"node":"draw"');
    expect(html).toContain('my &#60;experiment&#62;');
  });
  it('takes the base that it is told, whatever its place', async () => {
    const variants = [await variant('A', 0, 60), await variant('B', 0, 90)];
    const json = await jsonOf(await run({ ...settings, base: 'b', variants, metrics: metrics.slice(0, 1), real: undefined }, ctx));
    expect(json.summaries[0]).toMatchObject({ role: 'base', label: 'B' });
    await expect(run({ ...settings, base: 'C', variants, metrics, real }, ctx)).rejects.toThrow('base: expected one of A, B, got C');
  });
  it('shows one variant alone', async () => {
    const json = await jsonOf(await run({ ...settings, variants: [await variant('A', 0, 60)], metrics, real }, ctx));
    expect(json.verdict.headline).toBe('A alone: nothing to compare with.');
  });
  it('makes large pictures small for the report, and leaves out those that are too many', async () => {
    const own = createFakeContext({ openSession: runtime.open, graph });
    const big = async (label: string): Promise<Variant> => ({
      label,
      facts: {},
      images: await Promise.all(
        [0, 1, 2].map((seed) =>
          own.images.write(
            { width: 640, height: 480, channels: 3, data: new Uint8Array(640 * 480 * 3).fill(40 * seed + label.length) },
            { key: `k${seed}`, caption: 'c' },
          ),
        ),
      ),
    });
    const { report } = await run({ ...settings, variants: [await big('A'), await big('Bb')], metrics: [], real: undefined }, own);
    const html = new TextDecoder().decode(await own.assets.read(report.html));
    const png = Buffer.from(/src="data:image\/png;base64,([^"]+)"/.exec(html)![1]!, 'base64');
    expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([320, 240]);
    await own.close();
  });
  it('says that FID needs real pictures, and warns where it has fewer pictures than features', async () => {
    const variants = [await variant('A', 0, 60), await variant('B', 0, 90)];
    await expect(run({ ...settings, variants, metrics, real: undefined }, ctx)).rejects.toMatchObject({
      code: 'EVALUATOR_NO_REAL',
      message: 'real: expected real pictures, which FID and KID compare with, got none',
    });
    const few = [await variant('A', 0, 60, 4), await variant('B', 0, 90, 4)];
    await run({ ...settings, variants: few, metrics, real }, ctx);
    expect(ctx.said.logs.at(-1)!.message).toMatch(/^FID: 4 pictures for 4 features/);
  });
  it('goes on after a cancel with what is measured, and ends with the same report', async () => {
    const kept: KeptCheckpoint = { checkpoint: null };
    const stop = new AbortController();
    let gates = 0;
    const onGate = () => {
      if (++gates === 5) stop.abort();
      return 'go' as const;
    };
    const stored = (options: FakeContextOptions) => {
      const own = createFakeContext({ openSession: runtime.open, graph, ...options });
      // pictures and weights lie with the context that made them
      return Object.assign(own, { images: ctx.images, assets: { ...ctx.assets, write: ctx.assets.write } });
    };
    const variants = [await variant('Base', 0, 60), await variant('Tuned', 9000, 90)];
    const inputs = { ...settings, variants, metrics, real };
    const first = stored({ kept, signal: stop.signal, onGate });
    await expect(run(inputs, first)).rejects.toMatchObject({ name: 'AbortError' });
    const second = stored({ kept });
    const again = await run(inputs, second);
    expect(second.said.logs[0]!.message).toMatch(/^goes on after \d\d+ measured pictures$/);
    expect(again.report.json.id).toBe((await run(inputs, ctx)).report.json.id);
    await first.close();
    await second.close();
  });
  it('refuses two variants under one label', async () => {
    const variants = [await variant('A', 0, 60), await variant('A', 0, 90)];
    await expect(run({ ...settings, variants, metrics, real }, ctx)).rejects.toMatchObject({ code: 'EVALUATOR_LABELS' });
  });
});
