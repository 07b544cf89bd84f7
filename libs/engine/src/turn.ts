// Whose turn it is to compute: one node at a time, in the order in which they asked.

export interface Turn {
  /** Resolves when it is the caller's turn. */
  take(): Promise<void>;
  give(): void;
}
export function createTurn(): Turn {
  let taken = false;
  const waiting: (() => void)[] = [];
  return {
    async take() {
      if (taken) await new Promise<void>((resolve) => waiting.push(resolve));
      taken = true;
    },
    give() {
      const next = waiting.shift();
      // Handed on without a gap, so that nobody takes it in between.
      if (next) next();
      else taken = false;
    },
  };
}
