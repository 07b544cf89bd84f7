// The order in which a training sees its rows.
import type { Rng } from '@facewright/tensor';

/** Row numbers for batches: every row once before any comes again. */
export function shuffledRows(count: number, rng: Rng): (batch: number) => number[] {
  let order: number[] = [];
  return (batch) =>
    Array.from({ length: batch }, () => {
      if (order.length === 0) {
        order = Array.from({ length: count }, (_, i) => i);
        for (let i = count - 1; i > 0; i--) {
          const j = rng.integer(i + 1);
          [order[i], order[j]] = [order[j]!, order[i]!];
        }
      }
      return order.pop()!;
    });
}
