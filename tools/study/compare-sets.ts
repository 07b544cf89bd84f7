// Paired comparisons of sets of pictures over the same prompts and noise, several training seeds of a variant taken together.
import { diversity } from '@facewright/node-evaluator/diversity';
import { fitGaussian, frechetDistance } from '@facewright/node-evaluator/frechet-distance';
import { bootstrapInterval, mean, type Interval } from '@facewright/report';
import { createRng } from '@facewright/tensor';
import type { MeasuredPicture, PictureMeasure } from './measure-pictures.ts';

export type MeasuredSet = readonly MeasuredPicture[];
export const setMeasures = ['frechetDistance', 'diversity'] as const;
export type StudyMeasure = PictureMeasure | (typeof setMeasures)[number];

/** 'real': the closer to what real pictures give, the better; differences are then those of the distance to it, so that below zero is better. */
const better: Readonly<Record<StudyMeasure, 'higher' | 'lower' | 'real'>> = {
  agreement: 'higher',
  reward: 'higher',
  preference: 'higher',
  faceScore: 'higher',
  faceScorePlain: 'higher',
  faceFound: 'higher',
  sharpness: 'real',
  contrast: 'real',
  frechetDistance: 'lower',
  diversity: 'real',
};

export interface Difference extends Interval {
  readonly verdict: 'better' | 'worse' | 'no measurable change';
  /** The estimate of each training seed. */
  readonly seeds: readonly number[];
}

export interface Judge {
  /** Of one set. */
  value(set: MeasuredSet, measure: StudyMeasure): number;
  /** Variant minus rival, the mean over training seeds; the interval is over prompts, resampled together for all seeds. `against` has one set for each of `sets`, or one for all. */
  difference(sets: readonly MeasuredSet[], against: readonly MeasuredSet[], measure: StudyMeasure): Difference;
}

/** Resamples of Fréchet distance, each an eigendecomposition for each seed and side. */
const FRECHET_RESAMPLES = 150;

export function createJudge(real: MeasuredSet, { resamples, seed }: { readonly resamples: number; readonly seed: number }): Judge {
  const rowsOf = (set: MeasuredSet) => set.map(({ features }) => Float32Array.from(features));
  const reference = fitGaussian(rowsOf(real));
  const all = (count: number) => Int32Array.from({ length: count }, (_, i) => i);
  /** A statistic of the pictures that indices name. */
  const statistic = (set: MeasuredSet, measure: StudyMeasure): ((indices: Int32Array) => number) => {
    if (measure === 'frechetDistance' || measure === 'diversity') {
      const rows = rowsOf(set);
      return measure === 'diversity'
        ? (indices) => diversity(rows, indices)
        : (indices) => frechetDistance(reference, fitGaussian(rows, indices));
    }
    const values = set.map((picture) => picture.values[measure]);
    return (indices) => {
      let [sum, count] = [0, 0];
      for (const i of indices) {
        const value = values[i]!;
        if (value === null) continue;
        sum += value;
        count += 1;
      }
      return sum / count;
    };
  };
  const value = (set: MeasuredSet, measure: StudyMeasure) => statistic(set, measure)(all(set.length));
  return {
    value,
    difference(sets, against, measure) {
      const target = better[measure] === 'real' ? value(real, measure) : 0;
      const judged = (v: number) => (better[measure] === 'real' ? Math.abs(v - target) : v);
      const contests = sets.map((set, i) => {
        const [own, other] = [statistic(set, measure), statistic(against[i] ?? against[0]!, measure)];
        return (indices: Int32Array) => judged(own(indices)) - judged(other(indices));
      });
      const count = sets[0]!.length;
      const repeats = measure === 'frechetDistance' ? Math.min(resamples, FRECHET_RESAMPLES) : resamples;
      const interval = bootstrapInterval(count, repeats, createRng(seed), (indices) => mean(contests.map((contest) => contest(indices))));
      const up = better[measure] === 'higher';
      return {
        ...interval,
        verdict: interval.low > 0 ? (up ? 'better' : 'worse') : interval.high < 0 ? (up ? 'worse' : 'better') : 'no measurable change',
        seeds: contests.map((contest) => contest(all(count))),
      };
    },
  };
}
