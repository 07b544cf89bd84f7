// The scores of a pair as one number a side.
import type { PairSet } from '@facewright/core';

/** Means over the faces that were scored on both sides; null when the pair was not scored. */
export function meanScores({ made }: PairSet['pairs'][number]): readonly [good: number, bad: number] | null {
  const score = made?.score;
  if (!score) return null;
  const both = score.good.flatMap((good, face) => {
    const bad = score.bad[face] ?? null;
    return good === null || bad === null ? [] : [[good, bad] as const];
  });
  if (both.length === 0) return null;
  const mean = (side: 0 | 1) => both.reduce((sum, pair) => sum + pair[side], 0) / both.length;
  return [mean(0), mean(1)];
}
