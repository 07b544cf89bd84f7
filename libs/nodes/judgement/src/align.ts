// The alignment table: metrics and people against the majority of judgements.
import type { Judgements } from '@facewright/core';
import type { Interval } from '@facewright/report';
import type { Rng } from '@facewright/tensor';
import { accuracyOf, differenceOf, judgePairs, scoresOfVote, type Accuracy, type RankedSet, type SetResult } from './alignment.ts';
import { majority } from './majority.ts';
import type { JudgementSummary } from './summarise.ts';

/** A metric with its value for judged pictures by the id of their asset; no entry, or null: not scored. */
export interface ScoredMetric {
  readonly name: string;
  readonly higherIsBetter: boolean;
  /** Said beside the name, such as that a direction was assumed. */
  readonly note: string;
  readonly scores: ReadonlyMap<string, number | null>;
}
export interface AlignedMetric extends Accuracy {
  readonly name: string;
  readonly higherIsBetter: boolean;
  readonly note: string;
  /** Accuracy minus that of the first metric, over the pairs that both scored; null for the first one and where there is no such pair. */
  readonly difference: Interval | null;
  readonly results: readonly SetResult[];
}
export interface Alignment {
  readonly metrics: readonly AlignedMetric[];
  /** Each annotator against the majority of the others; `all` takes them together. Null with fewer than two annotators. */
  readonly people: { readonly all: Accuracy; readonly each: readonly ({ readonly name: string } & Accuracy)[] } | null;
  readonly ranked: readonly RankedSet[];
}

export function align(
  judgements: Judgements,
  { majorities, annotators }: JudgementSummary,
  metrics: readonly ScoredMetric[],
  resamples: number,
  rng: () => Rng,
): Alignment {
  const { sets } = judgements;
  const ranked = sets.flatMap(({ images }, set): RankedSet[] => {
    const best = majorities[set];
    return typeof best === 'number' ? [{ set, pictures: images.length, best }] : [];
  });
  const judged = metrics.map((metric) => ({
    metric,
    results: ranked.map((one) => {
      const sign = metric.higherIsBetter ? 1 : -1;
      return judgePairs(
        one,
        sets[one.set]!.images.map(({ asset }) => {
          const score = metric.scores.get(asset.id) ?? null;
          return score === null ? null : sign * score;
        }),
      );
    }),
  }));
  return {
    ranked,
    metrics: judged.map(({ metric: { name, higherIsBetter, note }, results }, i) => ({
      name,
      higherIsBetter,
      note,
      ...accuracyOf(results, resamples, rng()),
      difference: i === 0 ? null : differenceOf(results, judged[0]!.results, resamples, rng()),
      results,
    })),
    people:
      annotators.length < 2
        ? null
        : alignPeople(
            judgements,
            annotators.map(({ name }) => name),
            resamples,
            rng,
          ),
  };
}

/** By the same rule as metrics: a vote for a tie is wrong where the others decided, a vote for "no face" leaves the pairs out. */
function alignPeople({ sets }: Judgements, names: readonly string[], resamples: number, rng: () => Rng): Alignment['people'] {
  const results = names.map((name) =>
    sets.flatMap(({ images, votes }, set): SetResult[] => {
      const own = votes.find(({ annotator }) => annotator === name);
      const best = majority(votes.flatMap(({ annotator, choice }) => (annotator === name ? [] : [choice])));
      if (!own || typeof best !== 'number') return [];
      return [judgePairs({ set, pictures: images.length, best }, scoresOfVote(own.choice, images.length))];
    }),
  );
  return {
    all: accuracyOf(results.flat(), resamples, rng()),
    each: names.map((name, i) => ({ name, ...accuracyOf(results[i]!, resamples, rng()) })),
  };
}
