// The experiment as data: variants of one model over the same prompts and seeds, each compared with the base, pair by pair.
import { bootstrapInterval, mean, winRate } from '@facewright/report';
import type { Interval } from '@facewright/report';
import { createRng } from '@facewright/tensor';
import type { Image } from '@facewright/core';
import { diversity } from './diversity.ts';
import { fitGaussian, frechetDistance, frechetReference } from './frechet-distance.ts';
import { allMeasures, pictureMeasures } from './measures.ts';
import type { Measure, PictureMeasure } from './measures.ts';

/** Everything measured of one picture; `image` is null for a control, whose pictures are made here and not kept. */
export interface MeasuredPicture {
  readonly key: string;
  readonly image: Image | null;
  readonly values: Readonly<Record<PictureMeasure['name'], number | null>>;
  readonly features: Float32Array;
}
export type VariantRole = 'base' | 'tuned' | 'rival' | 'control';
export interface MeasuredVariant {
  readonly role: VariantRole;
  readonly label: string;
  /** In the order of the pairing keys. */
  readonly pictures: readonly MeasuredPicture[];
}

export interface Comparison {
  readonly variant: string;
  readonly against: string;
  readonly measure: Measure['name'];
  /** variant minus against; for a measure to be like real ones, the change of the absolute distance to real. Negative is better for 'lower' and 'real'. */
  readonly difference: Interval;
  /** Share of pairs that got better, ties half; null for measures of sets. */
  readonly winRate: number | null;
  readonly pairs: number;
  readonly verdict: 'better' | 'worse' | 'no measurable change';
}
export interface VariantSummary {
  readonly role: VariantRole | 'real';
  readonly label: string;
  readonly pictures: number;
  /** Means over pictures, or the value of the set; null where nothing could be measured. */
  readonly values: Readonly<Record<Measure['name'], number | null>>;
}
export interface Experiment {
  readonly summaries: readonly VariantSummary[];
  readonly comparisons: readonly Comparison[];
  readonly resamples: number;
}

/** Fréchet distance costs an eigendecomposition a resample. */
const mostFrechetResamples = 300;

export async function runExperiment(
  variants: readonly MeasuredVariant[],
  real: readonly MeasuredPicture[],
  {
    resamples,
    seed,
    onProgress,
  }: { readonly resamples: number; readonly seed: number; readonly onProgress: (done: number, total: number) => Promise<void> },
): Promise<Experiment> {
  const realFeatures = real.map((picture) => picture.features);
  const reference = frechetReference(realFeatures);
  const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
  const setValue = {
    frechetDistance: (rows: readonly Float32Array[], indices: Int32Array) => frechetDistance(reference, fitGaussian(rows, indices)),
    diversity,
  };
  const meanOf = (pictures: readonly MeasuredPicture[], name: PictureMeasure['name']) => {
    const values = pictures.flatMap(({ values: v }) => v[name] ?? []);
    return values.length ? mean(values) : null;
  };
  const summarise = (role: VariantSummary['role'], label: string, pictures: readonly MeasuredPicture[]): VariantSummary => {
    const rows = pictures.map((picture) => picture.features);
    const perPicture = Object.fromEntries(pictureMeasures.map(({ name }) => [name, meanOf(pictures, name)]));
    // Real against itself is zero by definition; half against half shows how small a distance means anything.
    const frechet = role === 'real' ? halfAgainstHalf(rows) : setValue.frechetDistance(rows, all(rows.length));
    return {
      role,
      label,
      pictures: pictures.length,
      values: { ...perPicture, frechetDistance: frechet, diversity: diversity(rows, all(rows.length)) } as VariantSummary['values'],
    };
  };
  const realSummary = summarise('real', 'Real pictures', real);
  const summaries = [...variants.map(({ role, label, pictures }) => summarise(role, label, pictures)), realSummary];

  const base = variants.find(({ role }) => role === 'base')!;
  const tuned = variants.find(({ role }) => role === 'tuned')!;
  const rival = variants.find(({ role }) => role === 'rival');
  const contests: (readonly [MeasuredVariant, MeasuredVariant])[] = variants.filter((v) => v !== base).map((v) => [v, base] as const);
  if (rival) contests.push([tuned, rival]);

  const compare = (variant: MeasuredVariant, against: MeasuredVariant, measure: Measure): Comparison => {
    // The same seed for every comparison: all are resampled alike.
    const rng = createRng(seed);
    const target = realSummary.values[measure.name] ?? 0;
    const judged = (value: number) => (measure.better === 'real' ? Math.abs(value - target) : value);
    const sign = measure.better === 'higher' ? 1 : -1;
    let difference: Interval;
    let wins: number | null = null;
    let pairs = variant.pictures.length;
    if (measure.name === 'frechetDistance' || measure.name === 'diversity') {
      const rowsA = variant.pictures.map((picture) => picture.features);
      const rowsB = against.pictures.map((picture) => picture.features);
      const value = setValue[measure.name];
      const count = measure.name === 'frechetDistance' ? Math.min(resamples, mostFrechetResamples) : resamples;
      difference = bootstrapInterval(pairs, count, rng, (indices) => judged(value(rowsA, indices)) - judged(value(rowsB, indices)));
    } else {
      const name = measure.name;
      const both = variant.pictures.flatMap((picture, i) => {
        const a = picture.values[name];
        const b = against.pictures[i]!.values[name];
        return a === null || b === null ? [] : [{ a, b }];
      });
      pairs = both.length;
      if (pairs === 0) difference = { estimate: Number.NaN, low: Number.NaN, high: Number.NaN };
      else {
        // Distances to real are those of the sets' means: pictures differ among themselves for good reasons.
        const at = (side: 'a' | 'b', indices: Int32Array) => {
          let sum = 0;
          for (const i of indices) sum += both[i]![side];
          return sum / indices.length;
        };
        difference = bootstrapInterval(pairs, resamples, rng, (indices) => judged(at('a', indices)) - judged(at('b', indices)));
        wins = winRate(both.map(({ a, b }) => sign * (measure.better === 'real' ? Math.abs(a - target) - Math.abs(b - target) : a - b)));
      }
    }
    const { low, high } = difference;
    const verdict = low > 0 ? (sign > 0 ? 'better' : 'worse') : high < 0 ? (sign > 0 ? 'worse' : 'better') : 'no measurable change';
    return { variant: variant.label, against: against.label, measure: measure.name, difference, winRate: wins, pairs, verdict };
  };

  const comparisons: Comparison[] = [];
  const total = contests.length * allMeasures.length;
  for (const [variant, against] of contests)
    for (const measure of allMeasures) {
      comparisons.push(compare(variant, against, measure));
      await onProgress(comparisons.length, total);
    }
  return { summaries, comparisons, resamples };
}

/** The distance between the even and the odd half of real pictures: the floor that finite samples leave. */
function halfAgainstHalf(rows: readonly Float32Array[]): number {
  const half = (parity: number) => rows.filter((_, i) => i % 2 === parity);
  return frechetDistance(frechetReference(half(0)), fitGaussian(half(1)));
}
