import { createRng } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { accuracyOf, differenceOf, judgePairs, scoresOfVote } from './alignment.ts';
import reference from './fixtures/judgement.json' with { type: 'json' };
import { majority } from './majority.ts';

const accuracy = (results: Parameters<typeof accuracyOf>[0], resamples = 200) => accuracyOf(results, resamples, createRng(1));

describe('majority', () => {
  it('is what most said, a tie where several were said as often, and nothing without votes', () => {
    expect(majority([0, 0, 1])).toBe(0);
    expect(majority([2, 'no face', 'no face'])).toBe('no face');
    expect(majority([0, 1])).toBe('tie');
    expect(majority(['tie', 'tie', 1])).toBe('tie');
    expect(majority([0, 'no face'])).toBe('tie');
    expect(majority([])).toBe(null);
  });
});

describe('pair accuracy', () => {
  it('counts as the rule of the reference code: equal rewards are wrong, pairs with equal human ranks are skipped', () => {
    for (const { rankings, rewards, right, pairs } of reference.accuracy) {
      const results = rankings.flatMap((ranks, set) => {
        const best = ranks.indexOf(1);
        // All ranks alike: people called it a tie.
        return ranks.includes(2) ? [judgePairs({ set, pictures: ranks.length, best }, rewards[set]!)] : [];
      });
      expect(accuracy(results)).toMatchObject({ correct: right, pairs, notScored: 0 });
      expect(accuracy(results).accuracy!.estimate).toBe(right / pairs);
      expect(accuracy(results).ties).toBeGreaterThan(0);
    }
  });
  it('leaves out and counts pairs with a picture that has no score, and never takes it for zero', () => {
    const results = [
      judgePairs({ set: 0, pictures: 3, best: 1 }, [-5, -1, null]),
      judgePairs({ set: 1, pictures: 2, best: 0 }, [null, -3]),
      judgePairs({ set: 2, pictures: 2, best: 0 }, [-2, -2]),
    ];
    expect(results.map(({ pairs }) => pairs)).toEqual([[true, null], [null], [false]]);
    expect(accuracy(results)).toMatchObject({ pairs: 2, correct: 1, ties: 1, notScored: 2 });
  });
  it('has no value where nothing was scored', () => {
    expect(accuracy([judgePairs({ set: 0, pictures: 2, best: 0 }, [null, 1])])).toEqual({
      accuracy: null,
      pairs: 0,
      correct: 0,
      ties: 0,
      notScored: 1,
    });
    expect(accuracy([]).accuracy).toBe(null);
  });
  it('has an interval over sets: pairs of a set that stand and fall together make it wider', () => {
    const rng = createRng(4);
    const together = Array.from({ length: 60 }, (_, set) => {
      const right = rng() < 0.7;
      return judgePairs({ set, pictures: 3, best: 0 }, right ? [1, 0, 0] : [0, 1, 1]);
    });
    const apart = together.flatMap(({ pairs }, i) => pairs.map((right, k) => ({ set: 2 * i + k, pairs: [right], ties: 0 })));
    const width = (results: typeof together) => {
      const { low, high } = accuracy(results, 2000).accuracy!;
      return high - low;
    };
    // Twice the pairs without any news: the interval over single pairs is too narrow by the square root of two. 10 % is three times the noise of 2,000 resamples.
    expect(width(together) / width(apart)).toBeCloseTo(Math.SQRT2, 0);
    expect(Math.abs(width(together) / width(apart) / Math.SQRT2 - 1)).toBeLessThan(0.1);
  });
});

describe('the difference of two metrics', () => {
  it('is taken over the pairs that both scored', () => {
    const one = [judgePairs({ set: 0, pictures: 2, best: 0 }, [2, 1]), judgePairs({ set: 1, pictures: 2, best: 0 }, [2, 1])];
    const other = [judgePairs({ set: 0, pictures: 2, best: 0 }, [1, 2]), judgePairs({ set: 1, pictures: 2, best: 0 }, [null, 1])];
    expect(differenceOf(one, other, 100, createRng(1))).toEqual({ estimate: 1, low: 1, high: 1 });
    expect(differenceOf(other, one, 100, createRng(1))).toEqual({ estimate: -1, low: -1, high: -1 });
    expect(differenceOf(one.slice(1), other.slice(1), 100, createRng(1))).toBe(null);
  });
});

it('a vote scores as the rule of metrics wants: a tie puts nothing first, no face scores nothing', () => {
  const right = (choice: Parameters<typeof scoresOfVote>[0]) => judgePairs({ set: 0, pictures: 3, best: 1 }, scoresOfVote(choice, 3)).pairs;
  expect(right(1)).toEqual([true, true]);
  expect(right(0)).toEqual([false, false]);
  expect(right('tie')).toEqual([false, false]);
  expect(right('no face')).toEqual([null, null]);
});
