import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { bootstrapInterval, mean, quantile, winRate } from './bootstrap.ts';

describe('bootstrapInterval', () => {
  it('agrees with the normal interval of a mean for many independent differences', () => {
    const values = createRng(1)
      .normal(2000)
      .map((v) => 0.3 + 0.5 * v);
    const { estimate, low, high } = bootstrapInterval(values.length, 2000, createRng(2), (indices) =>
      mean(Array.from(indices, (i) => values[i]!)),
    );
    const sd = Math.sqrt(mean(Array.from(values, (v) => (v - estimate) ** 2)));
    const half = (1.96 * sd) / Math.sqrt(values.length);
    // The bootstrap of 2,000 resamples is itself random: 6 % of the half width is over three times its standard error.
    expect(Math.abs(estimate - low - half)).toBeLessThan(0.06 * half);
    expect(Math.abs(high - estimate - half)).toBeLessThan(0.06 * half);
  });
  it('covers the true mean in about 95 of 100 repetitions', () => {
    let covered = 0;
    for (let seed = 0; seed < 200; seed++) {
      const values = createRng(1000 + seed).normal(60);
      const { low, high } = bootstrapInterval(60, 400, createRng(seed), (indices) => mean(Array.from(indices, (i) => values[i]!)));
      if (low <= 0 && 0 <= high) covered += 1;
    }
    // Binomial(200, 0.945): below 180 or above 198 would happen about once in 500 times.
    expect(covered).toBeGreaterThanOrEqual(180);
    expect(covered).toBeLessThanOrEqual(198);
  });
  it('leaves out resamples in which the statistic is not defined, and says when there is no other', () => {
    // The larger of two indices, defined only where the first is drawn.
    const sometimes = (indices: Int32Array) => (indices.includes(0) ? Math.max(...indices) : Number.NaN);
    const { low, high } = bootstrapInterval(2, 200, createRng(3), sometimes);
    expect([low, high]).toEqual([0, 1]);
    expect(bootstrapInterval(2, 100, createRng(3), () => Number.NaN)).toEqual({ estimate: Number.NaN, low: Number.NaN, high: Number.NaN });
  });
  it('gives the same interval for the same seed', () => {
    const of = () => bootstrapInterval(10, 100, createRng(5), (indices) => mean(indices));
    expect(of()).toEqual(of());
  });
});
it('interpolates quantiles between order statistics as numpy does', () => {
  expect(quantile([1, 2, 3, 4], 0.25)).toBe(1.75);
  expect(quantile([1, 2, 3, 4], 1)).toBe(4);
});
it('counts a tie as half a win', () => {
  expect(winRate([1, -1, 0, 2])).toBe(0.625);
});
