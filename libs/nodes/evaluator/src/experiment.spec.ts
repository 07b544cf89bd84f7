import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { runExperiment } from './experiment.ts';
import type { MeasuredPicture, MeasuredVariant, VariantRole } from './experiment.ts';
import { judge } from './verdict.ts';

const dims = 6;
/** Pictures whose features are a shifted Gaussian cloud and whose score, sharpness … are given around a mean. */
function pictures(
  seed: number,
  { shift = 0, score = 0, sharp = 1, spread = 1 }: { shift?: number; score?: number; sharp?: number; spread?: number },
  count = 150,
): MeasuredPicture[] {
  const noise = createRng(99);
  const own = createRng(seed);
  return Array.from({ length: count }, (_, i) => ({
    key: `p${i}`,
    image: null,
    // The same first noise in all variants: pairs are alike, as with shared seeds.
    values: { faceScore: noise.normal(1)[0]! + score + 0.1 * own.normal(1)[0]!, faceFound: 1, sharpness: sharp, contrast: 0.2 },
    features: Float32Array.from(noise.normal(dims), (v) => v * spread + shift),
  }));
}
const variant = (role: VariantRole, label: string, list: MeasuredPicture[]): MeasuredVariant => ({ role, label, pictures: list });
const real = pictures(7, {}, 300);
const options = { resamples: 300, seed: 1, onProgress: async () => {} };
const names = { base: 'Base', tuned: 'Guidance', rival: null, controls: [] };

describe('the experiment', () => {
  it('calls a better score and a smaller distance better, with intervals that exclude zero', async () => {
    const experiment = await runExperiment(
      [variant('base', 'Base', pictures(1, { shift: 1 })), variant('tuned', 'Guidance', pictures(2, { shift: 0.5, score: 0.5 }))],
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
      [variant('base', 'Base', pictures(1, { shift: 1 })), variant('tuned', 'Guidance', pictures(1, { shift: 1 }))],
      real,
      options,
    );
    expect(new Set(experiment.comparisons.map((c) => c.verdict))).toEqual(new Set(['no measurable change']));
    expect(judge(experiment, names).headline).toBe('No measurable change.');
  });
  it('calls out a score that rises while the pictures move away from real ones', async () => {
    const experiment = await runExperiment(
      [
        variant('base', 'Base', pictures(1, { shift: 0.5 })),
        variant('tuned', 'Guidance', pictures(2, { shift: 1.5, score: 0.8, sharp: 2 })),
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
      [variant('base', 'Base', pictures(1, {})), variant('tuned', 'Guidance', pictures(1, { spread: 0.5 }))],
      real,
      options,
    );
    expect(experiment.comparisons.find((c) => c.measure === 'diversity')!.verdict).toBe('worse');
  });
  it('compares with the rival too and warns of a control that buys the score', async () => {
    const experiment = await runExperiment(
      [
        variant('base', 'Base', pictures(1, { shift: 1 })),
        variant('tuned', 'Guidance', pictures(2, { shift: 0.5, score: 0.2 })),
        variant('rival', 'SFT', pictures(3, { shift: 0.5, score: 0.6 })),
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
    const base = pictures(1, {});
    const tuned = pictures(2, {}).map((p, i) => (i < 50 ? { ...p, values: { ...p.values, faceScore: null, faceFound: 0 } } : p));
    const experiment = await runExperiment([variant('base', 'Base', base), variant('tuned', 'Guidance', tuned)], real, options);
    expect(experiment.comparisons.find((c) => c.measure === 'faceScore')!.pairs).toBe(100);
    expect(experiment.comparisons.find((c) => c.measure === 'faceFound')!.verdict).toBe('worse');
  });
});
