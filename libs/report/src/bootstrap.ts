// Intervals for paired comparisons: percentile bootstrap over the pairs (Efron and Tibshirani, An Introduction to the Bootstrap, ch. 13).
import type { Rng } from '@facewright/tensor';

export interface Interval {
  readonly estimate: number;
  /** 2.5 and 97.5 percentiles of the resamples. */
  readonly low: number;
  readonly high: number;
}

export const mean = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return sum / values.length;
};

/** Linear interpolation between order statistics, as numpy's default; `sorted` ascending, p in 0..1. */
export function quantile(sorted: ArrayLike<number>, p: number): number {
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (at - low) * (sorted[high]! - sorted[low]!);
}

/**
 * 95 % percentile interval of a statistic of paired items. `statistic` gets the indices of one resample, each in 0..count-1;
 * it is called once with all indices in order for the estimate. Resamples for which it is not defined, NaN, are left out.
 */
export function bootstrapInterval(count: number, resamples: number, rng: Rng, statistic: (indices: Int32Array) => number): Interval {
  const estimate = statistic(Int32Array.from({ length: count }, (_, i) => i));
  const indices = new Int32Array(count);
  const values = new Float64Array(resamples);
  for (let r = 0; r < resamples; r++) {
    for (let i = 0; i < count; i++) indices[i] = rng.integer(count);
    values[r] = statistic(indices);
  }
  const defined = values.filter((value) => !Number.isNaN(value)).sort();
  if (defined.length === 0) return { estimate, low: Number.NaN, high: Number.NaN };
  return { estimate, low: quantile(defined, 0.025), high: quantile(defined, 0.975) };
}

/** Share of pairs whose difference is positive; ties count half. */
export const winRate = (differences: readonly number[]): number => mean(differences.map((d) => (d > 0 ? 1 : d === 0 ? 0.5 : 0)));
