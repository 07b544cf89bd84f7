// The order in which a training sees its rows.
import type { Rng } from '@facewright/tensor';

/** Row numbers for batches: every row once before any comes again. */
export interface ShuffledRows {
  next(batch: number): number[];
  /** The rows that are still to come of this round, for `restore`. The random numbers are not part of it. */
  save(): { readonly data: readonly number[] };
  restore(saved: { readonly data: unknown }): void;
}

export function shuffledRows(count: number, rng: Rng): ShuffledRows {
  let order: number[] = [];
  return {
    next: (batch) =>
      Array.from({ length: batch }, () => {
        if (order.length === 0) {
          order = Array.from({ length: count }, (_, i) => i);
          for (let i = count - 1; i > 0; i--) {
            const j = rng.integer(i + 1);
            [order[i], order[j]] = [order[j]!, order[i]!];
          }
        }
        return order.pop()!;
      }),
    save: () => ({ data: [...order] }),
    restore({ data }) {
      order = [...(data as readonly number[])];
    },
  };
}
