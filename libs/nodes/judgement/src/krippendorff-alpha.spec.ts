import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import reference from './fixtures/judgement.json' with { type: 'json' };
import { krippendorffAlpha } from './krippendorff-alpha.ts';

const alphaOf = (units: readonly (readonly unknown[])[], resamples = 100) => krippendorffAlpha(units, resamples, createRng(1));

describe('krippendorffAlpha', () => {
  it('is 0.743 in the published example of 4 coders and 12 units', () => {
    const { alpha, units, values } = alphaOf(reference.published.units);
    expect(alpha!.estimate).toBeCloseTo(0.743, 3);
    // 11 units have two values or more, 40 values in all: the numbers of the paper.
    expect([units, values]).toEqual([11, 40]);
  });
  it('is what the reference implementation gives, with missing values and two to six annotators', () => {
    // Sums of a few hundred small whole numbers and one quotient: float64 agrees to the last digits.
    for (const { units, alpha } of [reference.published, ...reference.random])
      expect(alphaOf(units).alpha!.estimate).toBeCloseTo(alpha, 12);
  });
  it('is 1 when all agree, below 0 when they differ more than by chance, and not defined when there is nothing to compare or to tell apart', () => {
    expect(
      alphaOf([
        ['a', 'a'],
        ['b', 'b', 'b'],
      ]).alpha!.estimate,
    ).toBe(1);
    expect(
      alphaOf([
        ['a', 'b'],
        ['b', 'a'],
      ]).alpha!.estimate,
    ).toBeLessThan(0);
    expect(alphaOf([['a'], ['b'], []])).toEqual({ alpha: null, units: 0, values: 0 });
    expect(
      alphaOf([
        ['a', 'a'],
        ['a', 'a'],
      ]),
    ).toEqual({ alpha: null, units: 2, values: 4 });
  });
  it('has an interval that holds the true value in about 95 of 100 repetitions', () => {
    // Two annotators name the true one of three values with probability 0.8 and any of the three else: they agree with 0.64 + 0.36 / 3, and by chance with 1 / 3.
    const truth = (0.64 + 0.36 / 3 - 1 / 3) / (1 - 1 / 3);
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const rng = createRng(seed);
      const units = Array.from({ length: 80 }, () => {
        const value = rng.integer(3);
        return [0, 1].map(() => (rng() < 0.8 ? value : rng.integer(3)));
      });
      const { low, high } = krippendorffAlpha(units, 400, createRng(seed)).alpha!;
      if (low <= truth && truth <= high) covered += 1;
    }
    // Binomial(200, 0.94): below 178 or above 198 would happen less than once in 200 times.
    expect(covered).toBeGreaterThanOrEqual(178);
    expect(covered).toBeLessThanOrEqual(198);
  });
});
