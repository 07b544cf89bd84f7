// Pairwise accuracy: how often a metric puts the picture first that people put first.
import type { Choice } from '@facewright/core';
import { bootstrapInterval, type Interval } from '@facewright/report';
import type { Rng } from '@facewright/tensor';

/** A set of pictures whose best one is decided: its picture at `best` ranks 1, the others 2. */
export interface RankedSet {
  /** Names the set; all its pairs are resampled together. */
  readonly set: number;
  readonly pictures: number;
  readonly best: number;
}

/** What a metric says of the pairs of one set. */
export interface SetResult {
  readonly set: number;
  /** Of each pair of the best picture with another, in order: null where one of the two has no score. */
  readonly pairs: readonly (boolean | null)[];
  /** Pairs in which both pictures have the same score. */
  readonly ties: number;
}
export interface Accuracy {
  /** Share of the pairs; null where no pair was scored. */
  readonly accuracy: Interval | null;
  readonly pairs: number;
  readonly correct: number;
  /** Pairs with equal scores: counted as wrong. */
  readonly ties: number;
  /** Pairs left out because a picture has no score. */
  readonly notScored: number;
}

/**
 * The rule of ImageReward's test script: of the pairs whose human ranks differ, the share in which the picture that people prefer has the better score. A tie of scores is wrong; pairs
 * with equal human ranks do not count. Beyond it, pairs with a picture that was not scored (no face) are left out and counted.
 * `scores`: of each picture of the set, higher is better.
 */
export function judgePairs({ set, pictures, best }: RankedSet, scores: readonly (number | null)[]): SetResult {
  const first = scores[best] ?? null;
  const others = Array.from({ length: pictures }, (_, i) => i).filter((i) => i !== best);
  const compared = others.map((i) => (first === null || (scores[i] ?? null) === null ? null : first - scores[i]!));
  return { set, pairs: compared.map((gap) => (gap === null ? null : gap > 0)), ties: compared.filter((gap) => gap === 0).length };
}

/** A sum of right pairs and of pairs, by set, for the bootstrap. */
function bySet(results: readonly SetResult[]): { readonly right: number; readonly pairs: number }[] {
  const sums = new Map<number, { right: number; pairs: number }>();
  for (const { set, pairs } of results) {
    const sum = sums.get(set) ?? { right: 0, pairs: 0 };
    for (const right of pairs) {
      if (right === null) continue;
      sum.pairs += 1;
      if (right) sum.right += 1;
    }
    sums.set(set, sum);
  }
  return [...sums.values()].filter(({ pairs }) => pairs > 0);
}

/** With a 95 % bootstrap interval over sets, because the pairs of a set are not independent. */
export function accuracyOf(results: readonly SetResult[], resamples: number, rng: Rng): Accuracy {
  const sums = bySet(results);
  const total = (indices: ArrayLike<number>, of: 'right' | 'pairs') => {
    let sum = 0;
    for (let i = 0; i < indices.length; i++) sum += sums[indices[i]!]![of];
    return sum;
  };
  const all = sums.map((_, i) => i);
  return {
    accuracy:
      sums.length > 0
        ? bootstrapInterval(sums.length, resamples, rng, (indices) => total(indices, 'right') / total(indices, 'pairs'))
        : null,
    pairs: total(all, 'pairs'),
    correct: total(all, 'right'),
    ties: results.reduce((sum, { ties }) => sum + ties, 0),
    notScored: results.reduce((sum, { pairs }) => sum + pairs.filter((right) => right === null).length, 0),
  };
}

/** Accuracy of one metric minus that of another over the pairs that both scored, with a paired 95 % interval over sets; null where there is no such pair. Both in the same order of sets. */
export function differenceOf(one: readonly SetResult[], other: readonly SetResult[], resamples: number, rng: Rng): Interval | null {
  const sums = one
    .map(({ pairs }, s) => {
      let [gap, count] = [0, 0];
      pairs.forEach((right, p) => {
        const against = other[s]!.pairs[p]!;
        if (right === null || against === null) return;
        gap += Number(right) - Number(against);
        count += 1;
      });
      return { gap, count };
    })
    .filter(({ count }) => count > 0);
  if (sums.length === 0) return null;
  return bootstrapInterval(sums.length, resamples, rng, (indices) => {
    let [gap, count] = [0, 0];
    for (const i of indices) {
      gap += sums[i]!.gap;
      count += sums[i]!.count;
    }
    return gap / count;
  });
}

/** An annotator's vote as scores: the chosen picture above the others, all alike for a tie, none where no face was seen. */
export const scoresOfVote = (choice: Choice, pictures: number): (number | null)[] =>
  Array.from({ length: pictures }, (_, i) => (choice === 'no face' ? null : choice === i ? 1 : 0));
