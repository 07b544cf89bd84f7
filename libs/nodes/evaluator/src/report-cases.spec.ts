import { describe, expect, it } from 'vitest';
import type { Experiment, MeasuredVariant, VariantRole } from './experiment.ts';
import { chooseCases } from './report-cases.ts';

const experiment: Experiment = {
  measures: [
    { of: 'picture', name: 'FaceScore', title: 'Face score', better: 'higher' },
    { of: 'picture', name: 'FacesFound', title: 'Faces found', better: 'higher' },
    { of: 'set', name: 'FID', title: 'FID', better: 'lower', statistic: 'frechet-distance', network: 'n', length: 4 },
  ],
  summaries: [],
  comparisons: [],
  resamples: 100,
};
const variant = (role: VariantRole, label: string, scores: readonly (number | null)[]): MeasuredVariant => ({
  role,
  label,
  facts: {},
  keys: scores.map((_, i) => `k${i}`),
  images: scores.map(() => null),
  values: { FaceScore: scores.map((value) => ({ value })), FacesFound: scores.map(() => ({ value: 1 })) },
  features: {},
});
const base = variant('base', 'Base', [5, 5, 5, 1, 2, 3, 4, null, 9, 5]);
const tuned = variant('variant', 'Tuned', [5, 5, 5, 8, 2, 3, 0, 7, 9, 5]);
const control = variant('control', 'Base, noised', [0, 0, 0, 0, 0, 0, 0, 0, 0, -9]);
const found = (most: number) =>
  Object.fromEntries(
    chooseCases(experiment, [base, tuned, control], most).map(({ measure, cases }) => [
      String(measure),
      Object.fromEntries(cases.map(({ row, reasons }) => [row, reasons])),
    ]),
  );

describe('chooseCases', () => {
  it('shows what rose and fell most, the ends and the middle, each row once with all reasons, and a few that nobody chose', () => {
    const { null: unchosen, FaceScore } = found(50);
    expect(unchosen).toEqual({ 0: [], 1: [], 2: [] });
    expect(FaceScore).toMatchObject({
      3: ['rose most, Tuned', 'lowest of Base'],
      6: ['fell most, Tuned', 'lowest of Tuned'],
      8: ['highest of Base', 'highest of Tuned'],
    });
    // a picture that was not scored before did not rise, and controls show nothing
    expect(Object.values(FaceScore!).flat()).not.toContain('rose most, Base, noised');
    expect(FaceScore![7]).toBeUndefined();
  });
  it('shows nothing of a metric that is the same for all pictures, or that has no value for one', () => {
    expect(found(50)['FacesFound']).toEqual({});
    expect(Object.keys(found(50))).toEqual(['null', 'FaceScore', 'FacesFound']);
  });
  it('keeps to the number of rows, what changed most first', () => {
    const { null: unchosen, FaceScore } = found(5);
    expect(Object.keys(unchosen!)).toHaveLength(3);
    expect(Object.keys(FaceScore!)).toEqual(['3', '6']);
  });
});
