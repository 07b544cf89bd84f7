import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { runExperiment } from './experiment.ts';
import { judgeExperiment } from './judge-experiment.ts';
import type { Measure, MeasuredVariant, VariantRole } from './experiment.ts';
import { judge } from './verdict.ts';

const dims = 6;
const measures: readonly Measure[] = [
  { of: 'picture', name: 'faceScore', title: 'Face score', better: 'higher' },
  { of: 'picture', name: 'faceFound', title: 'Faces found', better: 'higher' },
  { of: 'picture', name: 'sharpness', title: 'Sharpness', better: 'real' },
  { of: 'picture', name: 'contrast', title: 'Contrast', better: 'real' },
  {
    of: 'set',
    name: 'frechetDistance',
    title: 'Fréchet distance',
    better: 'lower',
    statistic: 'frechet-distance',
    network: 'n',
    length: dims,
  },
  { of: 'set', name: 'KID', title: 'Kernel distance', better: 'lower', statistic: 'kernel-distance', network: 'n', length: dims },
  { of: 'set', name: 'diversity', title: 'Diversity', better: 'real', statistic: 'diversity', network: 'n', length: dims },
];
type Measured = Pick<MeasuredVariant, 'keys' | 'images' | 'values' | 'features'>;
/** Pictures whose features are a shifted Gaussian cloud and whose score, sharpness … are given around a mean. */
function pictures(
  seed: number,
  { shift = 0, score = 0, sharp = 1, spread = 1 }: { shift?: number; score?: number; sharp?: number; spread?: number },
  count = 150,
): Measured {
  const noise = createRng(99);
  const own = createRng(seed);
  // The same first noise in all variants: pairs are alike, as with shared seeds.
  const rows = Array.from({ length: count }, () => ({
    score: noise.normal(1)[0]! + score + 0.1 * own.normal(1)[0]!,
    features: Float32Array.from(noise.normal(dims), (v) => v * spread + shift),
  }));
  return {
    keys: rows.map((_, i) => `p${i}`),
    images: rows.map(() => null),
    values: {
      faceScore: rows.map((row) => ({ value: row.score })),
      faceFound: rows.map(() => ({ value: 1 })),
      sharpness: rows.map(() => ({ value: sharp })),
      contrast: rows.map(() => ({ value: 0.2 })),
    },
    features: { n: rows.map(({ features }) => features) },
  };
}
const variant = (role: VariantRole, label: string, list: Measured): MeasuredVariant => ({ role, label, facts: {}, ...list });
const real = variant('real', 'Real pictures', pictures(7, {}, 300));
const options = { resamples: 300, seed: 1, onProgress: async () => {} };
const names = { base: 'Base', tuned: 'Guidance', rival: null, controls: [] };

describe('the experiment', () => {
  it('calls a better score and a smaller distance better, with intervals that exclude zero', async () => {
    const experiment = await runExperiment(
      measures,
      [variant('base', 'Base', pictures(1, { shift: 1 })), variant('variant', 'Guidance', pictures(2, { shift: 0.5, score: 0.5 }))],
      real,
      options,
    );
    const of = (measure: string) => experiment.comparisons.find((c) => c.measure === measure)!;
    expect(of('faceScore')).toMatchObject({ verdict: 'better', pairs: 150 });
    expect(of('faceScore').difference.estimate).toBeCloseTo(0.5, 1);
    expect(of('faceScore').winRate).toBeGreaterThan(0.95);
    expect(of('frechetDistance').verdict).toBe('better');
    expect(judge(experiment, names)).toMatchObject({ tone: 'good' });
  });
  it('says that nothing measurable changed when nothing did', async () => {
    const experiment = await runExperiment(
      measures,
      [variant('base', 'Base', pictures(1, { shift: 1 })), variant('variant', 'Guidance', pictures(1, { shift: 1 }))],
      real,
      options,
    );
    expect(new Set(experiment.comparisons.map((c) => c.verdict))).toEqual(new Set(['no measurable change']));
    expect(judge(experiment, names).headline).toBe('No measurable change.');
  });
  it('calls out a score that rises while the pictures move away from real ones', async () => {
    const experiment = await runExperiment(
      measures,
      [
        variant('base', 'Base', pictures(1, { shift: 0.5 })),
        variant('variant', 'Guidance', pictures(2, { shift: 1.5, score: 0.8, sharp: 2 })),
      ],
      real,
      options,
    );
    const verdict = judge(experiment, names);
    expect(verdict.tone).toBe('bad');
    expect(verdict.sentences.join(' ')).toContain('hacked');
  });
  it('calls a set that lost its variety worse on diversity', async () => {
    const experiment = await runExperiment(
      measures,
      [variant('base', 'Base', pictures(1, {})), variant('variant', 'Guidance', pictures(1, { spread: 0.5 }))],
      real,
      options,
    );
    expect(experiment.comparisons.find((c) => c.measure === 'diversity')!.verdict).toBe('worse');
  });
  it('compares with the rival too and warns of a control that buys the score', async () => {
    const experiment = await runExperiment(
      measures,
      [
        variant('base', 'Base', pictures(1, { shift: 1 })),
        variant('variant', 'Guidance', pictures(2, { shift: 0.5, score: 0.2 })),
        variant('variant', 'SFT', pictures(3, { shift: 0.5, score: 0.6 })),
        variant('control', 'Base, noised', pictures(4, { shift: 1, score: 0.4 })),
      ],
      real,
      options,
    );
    const { sentences } = judge(experiment, { ...names, rival: 'SFT', controls: ['Base, noised'] });
    expect(sentences.join(' ')).toMatch(/Against SFT.*behind it/);
    expect(sentences.join(' ')).toContain('this scorer can be bought');
  });
  it('leaves pictures without a face out of the score and counts the rest', async () => {
    const [base, tuned] = [pictures(1, {}), pictures(2, {})];
    const lost = (name: string, value: number | null) => tuned.values[name]!.map((found, i) => (i < 50 ? { value } : found));
    const faceless = { ...tuned, values: { ...tuned.values, faceScore: lost('faceScore', null), faceFound: lost('faceFound', 0) } };
    const experiment = await runExperiment(
      measures,
      [variant('base', 'Base', base), variant('variant', 'Guidance', faceless)],
      real,
      options,
    );
    expect(experiment.comparisons.find((c) => c.measure === 'faceScore')!.pairs).toBe(100);
    expect(experiment.comparisons.find((c) => c.measure === 'faceFound')!.verdict).toBe('worse');
    expect(experiment.summaries[1]).toMatchObject({ pictures: 150, measured: { faceScore: 100 } });
  });
  it('compares all pairs of few variants, and many only with the base', async () => {
    const some = (count: number) => [
      variant('base', 'Base', pictures(0, {}, 8)),
      ...Array.from({ length: count }, (_, i) => variant('variant', `v${i}`, pictures(i, {}, 8))),
      variant('control', 'Base, noised', pictures(9, {}, 8)),
    ];
    const contests = async (count: number) =>
      (await runExperiment(measures.slice(0, 1), some(count), null, options)).comparisons.map((c) => `${c.variant}-${c.against}`);
    expect(await contests(3)).toEqual(['v0-Base', 'v1-Base', 'v2-Base', 'Base, noised-Base', 'v0-v1', 'v0-v2', 'v1-v2']);
    expect(await contests(6)).toHaveLength(7);
  });
  it('without real pictures calls a change of what should be like real ones a change, neither better nor worse', async () => {
    const { comparisons, summaries } = await runExperiment(
      measures.filter(({ better }) => better !== 'lower'),
      [variant('base', 'Base', pictures(1, {})), variant('variant', 'Guidance', pictures(1, { sharp: 1.5, spread: 0.5 }))],
      null,
      options,
    );
    const of = (measure: string) => comparisons.find((c) => c.measure === measure)!;
    expect(of('sharpness')).toMatchObject({ verdict: 'changed', winRate: null, difference: { estimate: 0.5 } });
    expect(of('diversity').verdict).toBe('changed');
    expect(summaries).toHaveLength(2);
  });
  it('gives no interval for a Fréchet distance whose resamples would take hours', async () => {
    const length = 400;
    const rng = createRng(5);
    const wide = (role: VariantRole, label: string) => {
      const rows = Array.from({ length: 40 }, () => Float32Array.from(rng.normal(length)));
      return variant(role, label, { keys: rows.map((_, i) => `p${i}`), images: rows.map(() => null), values: {}, features: { n: rows } });
    };
    const fid: Measure = { of: 'set', name: 'FID', title: 'FID', better: 'lower', statistic: 'frechet-distance', network: 'n', length };
    const [base, tuned, many] = [wide('base', 'Base'), wide('variant', 'Guidance'), wide('real', 'Real pictures')];
    // 40 pictures are cheap however many features they have
    const cheap = await runExperiment([fid], [base, tuned], many, { ...options, resamples: 100 });
    expect(cheap.comparisons[0]!.difference.low).not.toBeNaN();
    // what it costs is told from the numbers of pictures and features
    const dear = await runExperiment(
      [{ ...fid, length: 3_000_000 }],
      [base, tuned],
      { ...many, keys: { length: 3_000_000 } as unknown as readonly string[] },
      options,
    );
    expect(dear.comparisons[0]).toMatchObject({
      verdict: 'not tested',
      difference: { estimate: cheap.comparisons[0]!.difference.estimate },
    });
    expect(judgeExperiment(dear).sentences.join(' ')).toContain('FID: differences without an interval');
  }, 60_000);
});

describe('the verdict on an experiment', () => {
  const base = variant('base', 'Base', pictures(1, { shift: 1 }));
  it('names what got better, what is level, and how many intervals were looked at', async () => {
    const experiment = await runExperiment(
      measures,
      [base, variant('variant', 'Good', pictures(2, { shift: 0.5, score: 0.5 })), variant('variant', 'Same', pictures(1, { shift: 1 }))],
      real,
      options,
    );
    const verdict = judgeExperiment(experiment);
    expect(verdict).toMatchObject({ tone: 'good', headline: 'Better than Base: Good · no measurable change: Same.' });
    expect(verdict.sentences[0]).toMatch(/^Good against Base: better: faceScore \+0\.\d+ \[.*won \d+ % of 150 pairs; frechetDistance −/);
    expect(verdict.sentences.at(-1)).toMatch(/^21 intervals of 95 % were looked at: where nothing differs, about 1 of them/);
  });
  it('calls a rising score hacked when the set moves away from real pictures', async () => {
    const experiment = await runExperiment(
      measures,
      [base, variant('variant', 'Away', pictures(2, { shift: 1.6, score: 0.5 }))],
      real,
      options,
    );
    expect(judgeExperiment(experiment)).toMatchObject({ tone: 'bad', headline: 'Score hacked: Away.' });
  });
  it('without real pictures sees a score that rises while pictures become like the noised control', async () => {
    const measured = measures.filter(({ better }) => better !== 'lower');
    const noised = variant('control', 'Base, noised', pictures(4, { shift: 1, sharp: 2, score: 0.3 }));
    const judged = async (sharp: number) =>
      judgeExperiment(
        await runExperiment(
          measured,
          [base, variant('variant', 'Noisy', pictures(2, { shift: 1, sharp, score: 0.5 })), noised],
          null,
          options,
        ),
      );
    const verdict = await judged(1.8);
    expect(verdict.headline).toBe('Score hacked: Noisy.');
    expect(verdict.sentences.join(' ')).toContain('became like the control "Base, noised"');
    expect(verdict.sentences.join(' ')).toContain('raised faceScore too: this score can be bought');
    expect((await judged(1.2)).headline).toBe('Better than Base: Noisy.');
  });
});
