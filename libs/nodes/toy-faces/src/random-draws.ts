// Draws from a uniform random source.

/** A uniform random source: each call returns a number in [0, 1). */
export type Random = () => number;

/** A number in [low, high). */
export function between(rng: Random, low: number, high: number): number {
  return low + (high - low) * rng();
}

/** A number in (centre - spread, centre + spread), denser near the centre (triangular density). */
export function around(rng: Random, centre: number, spread: number): number {
  return centre + spread * (rng() + rng() - 1);
}

/** One of the items, with probability proportional to its weight (all equal without weights). Throws RangeError on an empty list. */
export function pick<T>(rng: Random, items: readonly T[], weights?: readonly number[]): T {
  const last = items[items.length - 1];
  if (last === undefined) throw new RangeError('items: expected at least one, got none');
  const weightAt = (index: number): number => weights?.[index] ?? 1;
  let left = rng() * items.reduce((sum, _, index) => sum + weightAt(index), 0);
  for (const [index, item] of items.entries()) {
    left -= weightAt(index);
    if (left < 0) return item;
  }
  return last;
}
