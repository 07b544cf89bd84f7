// Which pictures a report shows, and where its numbers lead: the ends and the middle of each distribution, and what changed most.
import type { Experiment, MeasuredVariant } from './experiment.ts';

export interface Case {
  /** Index of the pairing key. */
  readonly row: number;
  /** Why it is shown: 'highest of DPO', 'fell most, DPO'; none for pictures that nobody chose. */
  readonly reasons: readonly string[];
}
export interface Section {
  /** A metric of pictures, or null for pictures that nobody chose. */
  readonly measure: string | null;
  readonly cases: readonly Case[];
}

interface Wish {
  readonly measure: string | null;
  readonly row: number;
  readonly reason: string;
}
/** Pictures that nobody chose, at the beginning. */
const sampled = 3;

/** At most `most` rows, each once, under the first metric that asks for it, with all reasons of that metric. What is asked for most urgently comes first. */
export function chooseCases({ measures }: Experiment, variants: readonly MeasuredVariant[], most: number): readonly Section[] {
  const base = variants.find(({ role }) => role === 'base')!;
  const shown = variants.filter(({ role }) => role === 'base' || role === 'variant');
  const pictured = measures.filter((m) => m.of === 'picture').map(({ name }) => name);

  /** For each metric its wishes, the most telling first. */
  const wishes = pictured.map((measure): readonly Wish[] => {
    const ends: Wish[] = [];
    const changes: Wish[] = [];
    const middles: Wish[] = [];
    for (const variant of shown) {
      const sorted = sortedRows(variant, measure);
      // Where all are alike, none is worth looking at.
      if (sorted.length === 0 || sorted[0]!.value === sorted.at(-1)!.value) continue;
      const at = (p: number) => sorted[Math.round(p * (sorted.length - 1))]!.row;
      ends.push(
        { measure, row: at(1), reason: `highest of ${variant.label}` },
        { measure, row: at(0), reason: `lowest of ${variant.label}` },
      );
      middles.push({ measure, row: at(0.5), reason: `middle of ${variant.label}` });
      if (variant === base) continue;
      const changed = sorted
        .flatMap(({ row, value }) => {
          const before = base.values[measure]![row]!.value;
          return before === null || before === value ? [] : [{ row, change: value - before }];
        })
        .sort((a, b) => a.change - b.change);
      const rises = changed
        .filter(({ change }) => change > 0)
        .slice(-2)
        .reverse();
      const falls = changed.filter(({ change }) => change < 0).slice(0, 2);
      for (const i of [0, 1]) {
        const [rise, fall] = [rises[i], falls[i]];
        if (rise) changes.push({ measure, row: rise.row, reason: `rose most, ${variant.label}` });
        if (fall) changes.push({ measure, row: fall.row, reason: `fell most, ${variant.label}` });
      }
    }
    return [...changes, ...ends, ...middles];
  });

  const places = new Map<number, Wish & { readonly reasons: Set<string> }>();
  const grant = (wish: Wish) => {
    const place = places.get(wish.row);
    if (place) {
      if (place.measure === wish.measure) place.reasons.add(wish.reason);
    } else if (places.size < most) places.set(wish.row, { ...wish, reasons: new Set([wish.reason]) });
  };
  for (let row = 0; row < Math.min(sampled, base.keys.length); row++)
    places.set(row, { measure: null, row, reason: '', reasons: new Set() });
  // In turn, so that no metric takes all the room.
  const longest = Math.max(0, ...wishes.map((list) => list.length));
  for (let i = 0; i < longest; i++) for (const list of wishes) list.slice(i, i + 1).forEach(grant);
  return [null, ...pictured].map((measure) => ({
    measure,
    cases: [...places.values()].filter((place) => place.measure === measure).map(({ row, reasons }) => ({ row, reasons: [...reasons] })),
  }));
}

/** Rows that have a value, lowest first. */
export const sortedRows = (variant: MeasuredVariant, measure: string): readonly { readonly row: number; readonly value: number }[] =>
  variant.values[measure]!.flatMap(({ value }, row) => (value === null ? [] : [{ row, value }])).sort((a, b) => a.value - b.value);
