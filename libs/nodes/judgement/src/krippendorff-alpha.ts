// Agreement of annotators: Krippendorff's alpha for nominal data, any number of annotators, missing values.
import { bootstrapInterval, type Interval } from '@facewright/report';
import type { Rng } from '@facewright/tensor';

/** What alpha needs of one unit: how often each value was given, and the disagreeing pairs of values over m - 1. */
interface Unit {
  readonly counts: ReadonlyMap<unknown, number>;
  readonly values: number;
  readonly disagreement: number;
}

function unitOf(values: readonly unknown[]): Unit {
  const counts = new Map<unknown, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  let agreeing = 0;
  for (const count of counts.values()) agreeing += count * count;
  return { counts, values: values.length, disagreement: (values.length ** 2 - agreeing) / (values.length - 1) };
}

/** NaN where every value is the same, or there is none: then alpha is not defined. */
function alphaOf(units: readonly Unit[], indices: ArrayLike<number>): number {
  const totals = new Map<unknown, number>();
  let [n, observed] = [0, 0];
  for (let i = 0; i < indices.length; i++) {
    const { counts, values, disagreement } = units[indices[i]!]!;
    for (const [value, count] of counts) totals.set(value, (totals.get(value) ?? 0) + count);
    n += values;
    observed += disagreement;
  }
  let equal = 0;
  for (const count of totals.values()) equal += count * count;
  const expected = (n * n - equal) / (n - 1);
  return expected > 0 ? 1 - observed / expected : Number.NaN;
}

export interface Agreement {
  /** Null where alpha is not defined: fewer than two values to compare, or all of them the same. */
  readonly alpha: Interval | null;
  /** Units with at least two values; the others say nothing about agreement. */
  readonly units: number;
  readonly values: number;
}

/**
 * `units`: the values that annotators gave to each unit. alpha = 1 - Do / De with Do = sum over units of (m² - sum n_c²) / (m - 1) and De = (n² - sum n_c²) / (n - 1):
 * K. Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C, nominal metric. The 95 % interval is a percentile bootstrap over units; resamples
 * in which alpha is not defined are left out.
 */
export function krippendorffAlpha(units: readonly (readonly unknown[])[], resamples: number, rng: Rng): Agreement {
  const pairable = units.filter((values) => values.length >= 2).map(unitOf);
  const interval = pairable.length > 0 ? bootstrapInterval(pairable.length, resamples, rng, (indices) => alphaOf(pairable, indices)) : null;
  return {
    alpha: interval && Number.isFinite(interval.estimate) ? interval : null,
    units: pairable.length,
    values: pairable.reduce((sum, { values }) => sum + values, 0),
  };
}
