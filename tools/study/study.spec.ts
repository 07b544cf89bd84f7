// The harness of the study with tiny counts: jobs are kept, tables say what intervals allow.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@facewright/tensor';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fitCaptionAgreement } from './caption-agreement.ts';
import { createJudge, type MeasuredSet } from './compare-sets.ts';
import type { StudySize } from './job-graph.ts';
import { pictureMeasures, type MeasuredPicture } from './measure-pictures.ts';
import { reading, type VariantRow } from './results-page.ts';
import { runJob } from './run-job.ts';
import { openStudyData, type StudyData } from './study-data.ts';
import { studyJobs } from './study-jobs.ts';
import { ablation, base, main, plain, type Variant } from './variants.ts';

const root = join(import.meta.dirname, '../..');
const size: StudySize = { model: 'models/tiny-faces', pairs: 16, prompts: 2, real: 32, steps: 1, batch: 2 };

describe('the jobs', () => {
  it('have one training seed in the ablation, all in the tables, and draw the base once', () => {
    const jobs = studyJobs(size, [1, 2]);
    expect(jobs.filter(({ set }) => set === 'tuning')).toHaveLength(ablation.length + 1);
    expect(jobs.filter(({ set, variant }) => set === 'table' && variant !== base)).toHaveLength(2 * main.length);
    expect(jobs.filter(({ set, variant }) => set === 'table' && variant === base)).toHaveLength(1);
  });
  it('have names of their own', () => {
    const names = ablation.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('a job', () => {
  let folder: string;
  let data: StudyData;
  let runs = 0;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'facewright-study-'));
    const opened = await openStudyData(folder, join(root, size.model), () => undefined);
    data = { ...opened, run: (graph, targets) => ((runs += 1), opened.run(graph, targets)) };
  });
  afterAll(async () => {
    await data.close();
    await rm(folder, { recursive: true });
  });
  const draw = (variant: Variant) => runJob(data, { variant, seed: 1, set: 'tuning', size });

  it('trains, draws the prompts, and is not done again', async () => {
    const first = await draw(plain);
    expect(first.images.map(({ key }) => key)).toEqual(['scene-0#9500', 'scene-1#9500']);
    expect(await draw(plain)).toEqual(first);
    expect(runs).toBe(1);
    expect(await readdir(join(folder, 'jobs'))).toHaveLength(1);
  });
  it('draws with the base alone below the timestep from which the tuned model draws', async () => {
    const digests = async (variant: Variant) => (await draw(variant)).images.map(({ asset }) => asset.id);
    const fast = { ...plain, values: { ...plain.values, learningRate: 0.1, warmUp: 0 } };
    const untouched = await digests(base);
    expect(await digests({ ...fast, drawsFrom: 1000 })).toEqual(untouched);
    expect(await digests({ ...fast, drawsFrom: 500 })).not.toEqual(untouched);
    expect(await digests({ ...fast, drawsFrom: 0 })).toEqual(await digests(fast));
  });
});

describe('createJudge', () => {
  const rng = createRng(8);
  const pictures = (count: number, score: (noise: number) => number, spread = 1): MeasuredSet =>
    Array.from({ length: count }, () => {
      const value = score(rng.normal(1)[0]!);
      return {
        values: Object.fromEntries(pictureMeasures.map((name) => [name, value])) as MeasuredPicture['values'],
        features: [...rng.normal(3)].map((v) => v * spread),
      };
    });
  const judge = createJudge(
    pictures(60, (noise) => noise),
    { resamples: 200, seed: 1 },
  );
  const low = pictures(60, (noise) => noise);
  const high = low.map((picture) => ({
    ...picture,
    values: { ...picture.values, faceScore: picture.values.faceScore! + 1, sharpness: picture.values.sharpness! + 5 },
  }));

  it('finds a rise that all pairs share, exactly and for each seed', () => {
    expect(judge.difference([high, low], [low], 'faceScore')).toMatchObject({
      estimate: 0.5,
      low: 0.5,
      high: 0.5,
      verdict: 'better',
      seeds: [1, 0],
    });
  });
  it('finds none between a set and itself', () => {
    for (const measure of ['faceScore', 'frechetDistance', 'diversity'] as const)
      expect(judge.difference([low], [low], measure).verdict).toBe('no measurable change');
  });
  it('takes a measure that is to be like real ones as worse when it leaves them', () => {
    expect(judge.difference([high], [low], 'sharpness').verdict).toBe('worse');
  });
  it('takes pictures that are not spread as real ones are as worse by Fréchet distance', () => {
    expect(judge.difference([pictures(60, () => 0, 3)], [low], 'frechetDistance').verdict).toBe('worse');
  });
});

describe('the reading of a row', () => {
  const row = (verdicts: Readonly<Record<string, string>>): VariantRow => ({
    label: '',
    seeds: 1,
    values: {} as VariantRow['values'],
    againstBase: new Proxy(
      {},
      { get: (_, name) => ({ verdict: verdicts[String(name)] ?? 'no measurable change' }) },
    ) as VariantRow['againstBase'],
    againstPlain: null,
  });
  it('calls out a score that rises while the pictures leave the real ones', () => {
    expect(reading(row({ faceScore: 'better', frechetDistance: 'worse', sharpness: 'worse' }))).toBe(
      '**score rises while the pictures leave the real ones**; sharpness further from real',
    );
  });
  it('says no more than the intervals', () => {
    expect(reading(row({}))).toBe('no measurable change');
    expect(reading(row({ frechetDistance: 'better' }))).toBe('Fréchet better');
  });
});

describe('fitCaptionAgreement', () => {
  it('ranks a picture with its own caption above the same picture with another', () => {
    const rng = createRng(5);
    const words = ['red', 'blue', 'green'];
    const items = Array.from({ length: 150 }, () => words[rng.integer(3)]!);
    const features = items.map((word) => words.map((other) => (word === other ? 1 : 0) + 0.1 * rng.normal(1)[0]!));
    const agreement = fitCaptionAgreement(
      features,
      items.map((word) => `a ${word} hat`),
    );
    expect(agreement.score([1, 0, 0], 'a red hat')).toBeGreaterThan(0.8);
    expect(agreement.score([1, 0, 0], 'a blue hat')).toBeLessThan(0);
  });
});
