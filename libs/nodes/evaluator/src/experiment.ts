// The experiment as data: variants over the same prompts and seeds, compared pair by pair.
import type { Image, Variant } from '@facewright/core';
import type { Better, PictureMetric, PictureValue, SetMetric, SetStatistic } from '@facewright/pipelines';
import { bootstrapInterval, mean, winRate, type Interval } from '@facewright/report';
import { createRng } from '@facewright/tensor';
import { diversity } from './sets/diversity.ts';
import { fitGaussian, frechetDistance, frechetDistanceTo, frechetResamples } from './sets/frechet-distance.ts';
import { kernelDistance, kernelDistanceTo } from './sets/kernel-distance.ts';

/** What is measured, and which way is good. */
export type Measure =
  | Pick<PictureMetric, 'of' | 'name' | 'title' | 'better'>
  | Pick<SetMetric, 'of' | 'name' | 'title' | 'better' | 'statistic' | 'network' | 'length'>;

export type VariantRole = 'base' | 'variant' | 'control' | 'real';
/** Everything measured of one variant, a value a picture; pictures of all variants but the real ones are in the order of the pairing keys. */
export interface MeasuredVariant {
  readonly role: VariantRole;
  readonly label: string;
  readonly facts: Variant['facts'];
  /** Null for a control, whose pictures are made here and not kept. */
  readonly images: readonly (Image | null)[];
  readonly keys: readonly string[];
  /** By name of a picture's metric. */
  readonly values: Readonly<Record<string, readonly PictureValue[]>>;
  /** By network. */
  readonly features: Readonly<Record<string, readonly Float32Array[]>>;
}

export type Judgement = 'better' | 'worse' | 'changed' | 'no measurable change' | 'not tested';
export interface Comparison {
  readonly variant: string;
  readonly against: string;
  readonly measure: string;
  /** variant minus against; for a measure to be like real ones, the change of the absolute distance to real. NaN where there is nothing to compare, or no interval. */
  readonly difference: Interval;
  /** Share of pairs that got better, ties half; null for measures of sets, and where no way is good. */
  readonly winRate: number | null;
  readonly pairs: number;
  readonly verdict: Judgement;
}
export interface VariantSummary {
  readonly role: VariantRole;
  readonly label: string;
  readonly pictures: number;
  /** Means over pictures, or the value of the set; null where nothing could be measured. */
  readonly values: Readonly<Record<string, number | null>>;
  /** Pictures that have a value, by name of a picture's metric. */
  readonly measured: Readonly<Record<string, number>>;
}
export interface Experiment {
  readonly measures: readonly Measure[];
  readonly summaries: readonly VariantSummary[];
  readonly comparisons: readonly Comparison[];
  readonly resamples: number;
}

/** Resamples of a set's statistic. */
const mostSetResamples = 300;
/** Up to this many variants all pairs are compared, more only with the base. */
const mostForAllPairs = 6;

const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);

export interface ExperimentOptions {
  readonly resamples: number;
  readonly seed: number;
  readonly onProgress: (done: number, total: number) => Promise<void>;
}

/** `variants` have one base. Without `real`, measures to be like real ones only tell of a change, and set distances may not be among the measures. */
export async function runExperiment(
  measures: readonly Measure[],
  variants: readonly MeasuredVariant[],
  real: MeasuredVariant | null,
  { resamples, seed, onProgress }: ExperimentOptions,
): Promise<Experiment> {
  const statistics = new Map(
    measures.flatMap((m) => (m.of === 'set' ? [[m.name, setStatistic(m.statistic, real?.features[m.network])]] : [])),
  );
  const summarise = ({ role, label, keys, values, features }: MeasuredVariant): VariantSummary => {
    const value = (m: Measure): number | null => {
      if (m.of === 'picture') {
        const found = numbersOf(values[m.name]!);
        return found.length > 0 ? mean(found) : null;
      }
      const rows = features[m.network]!;
      if (rows.length < 2) return null;
      // Real pictures against themselves are zero by definition; half against half shows how small a distance means anything.
      return role === 'real' && m.statistic !== 'diversity'
        ? halfAgainstHalf(m.statistic, rows)
        : statistics.get(m.name)!(rows)(all(rows.length));
    };
    return {
      role,
      label,
      pictures: keys.length,
      values: Object.fromEntries(measures.map((m) => [m.name, value(m)])),
      measured: Object.fromEntries(measures.flatMap((m) => (m.of === 'picture' ? [[m.name, numbersOf(values[m.name]!).length]] : []))),
    };
  };
  const summaries = [...variants, ...(real ? [real] : [])].map(summarise);
  const target = summaries.find(({ role }) => role === 'real')?.values ?? {};

  const compare = (variant: MeasuredVariant, against: MeasuredVariant, measure: Measure): Comparison => {
    // The same seed for every comparison: all are resampled alike.
    const rng = createRng(seed);
    const goal = measure.better === 'real' ? (target[measure.name] ?? null) : null;
    const judged = (value: number) => (goal === null ? value : Math.abs(value - goal));
    const named = { variant: variant.label, against: against.label, measure: measure.name };
    if (measure.of === 'set') {
      const [rowsA, rowsB] = [variant.features[measure.network]!, against.features[measure.network]!];
      const pairs = rowsA.length;
      const [a, b] = [rowsA, rowsB].map((rows) => statistics.get(measure.name)!(rows)) as [Statistic, Statistic];
      const statistic = (indices: Int32Array) => judged(a(indices)) - judged(b(indices));
      const most = Math.min(resamples, mostSetResamples);
      const count = measure.statistic === 'frechet-distance' ? frechetResamples(most, 2, pairs, real!.keys.length, measure.length) : most;
      const difference =
        count > 0
          ? bootstrapInterval(pairs, count, rng, statistic)
          : { estimate: statistic(all(pairs)), low: Number.NaN, high: Number.NaN };
      return { ...named, difference, winRate: null, pairs, verdict: verdictOf(difference, measure.better, goal) };
    }
    const [as, bs] = [variant.values[measure.name]!, against.values[measure.name]!];
    const both = as.flatMap(({ value: a }, i) => {
      const b = bs[i]!.value;
      return a === null || b === null ? [] : [{ a, b }];
    });
    // Distances to real are those of the sets' means: pictures differ among themselves for good reasons.
    const at = (side: 'a' | 'b', indices: Int32Array) => {
      let sum = 0;
      for (const i of indices) sum += both[i]![side];
      return sum / indices.length;
    };
    const difference =
      both.length > 0
        ? bootstrapInterval(both.length, resamples, rng, (indices) => judged(at('a', indices)) - judged(at('b', indices)))
        : { estimate: Number.NaN, low: Number.NaN, high: Number.NaN };
    const gain = ({ a, b }: { readonly a: number; readonly b: number }) =>
      goal !== null ? Math.abs(b - goal) - Math.abs(a - goal) : measure.better === 'higher' ? a - b : b - a;
    const won = both.length > 0 && (measure.better !== 'real' || goal !== null) ? winRate(both.map(gain)) : null;
    return { ...named, difference, winRate: won, pairs: both.length, verdict: verdictOf(difference, measure.better, goal) };
  };

  const contests = contestsOf(variants);
  const comparisons: Comparison[] = [];
  const total = contests.length * measures.length;
  for (const [variant, against] of contests)
    for (const measure of measures) {
      comparisons.push(compare(variant, against, measure));
      await onProgress(comparisons.length, total);
    }
  return { measures, summaries, comparisons, resamples };
}

const numbersOf = (values: readonly PictureValue[]): readonly number[] => values.flatMap(({ value }) => value ?? []);

/** Each against the base; where there are few, also each against those before it. */
function contestsOf(variants: readonly MeasuredVariant[]): (readonly [MeasuredVariant, MeasuredVariant])[] {
  const base = variants.find(({ role }) => role === 'base')!;
  const rivals = variants.filter(({ role }) => role === 'variant');
  const withBase = variants.filter((v) => v !== base).map((v) => [v, base] as const);
  if (rivals.length + 1 > mostForAllPairs) return withBase;
  return [...withBase, ...rivals.flatMap((a, i) => rivals.slice(i + 1).map((b) => [a, b] as const))];
}

function verdictOf({ estimate, low, high }: Interval, better: Better, goal: number | null): Judgement {
  if (Number.isNaN(estimate)) return 'no measurable change';
  if (Number.isNaN(low)) return 'not tested';
  if (low <= 0 && high >= 0) return 'no measurable change';
  if (better === 'real' && goal === null) return 'changed';
  return low > 0 === (better === 'higher') ? 'better' : 'worse';
}

type Statistic = (indices: Int32Array) => number;
/** Of the features of one set, resampled; real pictures stay as they are. */
function setStatistic(statistic: SetStatistic, real: readonly Float32Array[] | undefined): (rows: readonly Float32Array[]) => Statistic {
  if (statistic === 'diversity') return (rows) => (indices) => diversity(rows, indices);
  if (statistic === 'kernel-distance') return remembered(kernelDistanceTo(real!));
  return remembered(frechetDistanceTo(fitGaussian(real!)));
}
/** What a set needs is computed once, whatever it is compared with. */
function remembered(make: (rows: readonly Float32Array[]) => Statistic): (rows: readonly Float32Array[]) => Statistic {
  const made = new WeakMap<readonly Float32Array[], Statistic>();
  return (rows) => {
    const found = made.get(rows) ?? make(rows);
    made.set(rows, found);
    return found;
  };
}

/** The distance between the even and the odd half of real pictures: the floor that finite samples leave. */
function halfAgainstHalf(statistic: 'frechet-distance' | 'kernel-distance', rows: readonly Float32Array[]): number {
  const half = (parity: number) => rows.filter((_, i) => i % 2 === parity);
  if (statistic === 'kernel-distance') return kernelDistance(half(0), half(1));
  return frechetDistance(fitGaussian(half(0)), fitGaussian(half(1)));
}
