// Some of a list, by lot.
import type { Rng } from '@facewright/tensor';

/** That many of the items, each as likely as any other, in their order. */
export function drawn<T>(items: readonly T[], count: number, rng: Rng): readonly T[] {
  const left = items.map((_, i) => i);
  const chosen = new Set(Array.from({ length: count }, () => left.splice(rng.integer(left.length), 1)[0]!));
  return items.filter((_, i) => chosen.has(i));
}
