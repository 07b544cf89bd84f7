// The known name that a mistyped one was probably meant to be.

/** Levenshtein distance, two rows at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) next[j] = Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1));
    row = next;
  }
  return row[b.length]!;
}

/** A hostile document must not buy a comparison of huge names, of very many, or of each with every other. */
const MOST = { letters: 100, known: 1000, suggestions: 200 } as const;

/** `nearest` for the first mistakes of a document; nobody reads suggestions for thousands. */
export function createNearest(): typeof nearest {
  let left: number = MOST.suggestions;
  return (name, known) => (left-- > 0 ? nearest(name, known) : undefined);
}

/** The nearest known name, when at most a third of the typed letters would have to change; case does not count. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  if (name.length > MOST.letters) return undefined;
  let seen = 0;
  let best: string | undefined;
  let least = Math.floor(name.length / 3) + 1;
  for (const candidate of known) {
    if (++seen > MOST.known) break;
    const d = Math.abs(candidate.length - name.length) < least ? distance(name.toLowerCase(), candidate.toLowerCase()) : least;
    if (d < least) [best, least] = [candidate, d];
  }
  return best;
}
