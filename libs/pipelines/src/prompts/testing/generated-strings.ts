// Odd strings by number, the same as tools/reference/text_tokenizers.py makes them, so that the fixture holds only what became of them.

export interface Pools {
  readonly words: readonly string[];
  readonly spaces: readonly string[];
  /** First and last code points. */
  readonly ranges: readonly (readonly number[])[];
  /** Code points of the longest strings. */
  readonly long: number;
}

/** Words, separators and runs of code points of one range, in random order; among 1,250 strings one is many parts long and one repeats a part. */
export function generatedString(index: number, { words, spaces, ranges, long }: Pools): string {
  let state = Math.imul(index, 65537);
  const pick = (n: number): number => {
    state = (state + 0x9e3779b9) | 0;
    let x = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) % n;
  };
  const part = (): string[] => {
    if (pick(2) === 0) return [...words[pick(words.length)]!];
    const [low = 0, high = 0] = ranges[pick(ranges.length)]!;
    return Array.from({ length: 1 + pick(8) }, () => String.fromCodePoint(low + pick(high - low + 1)));
  };
  const text: string[] = [];
  const [manyParts, onePart] = [index % 1250 === 7, index % 1250 === 8];
  for (let parts = 1 + pick(20); manyParts ? text.length < long : parts > 0; parts--) text.push(...part(), ...spaces[pick(spaces.length)]!);
  if (!onePart) return text.slice(0, long).join('');
  const repeated = part();
  return Array.from({ length: long }, (_, i) => repeated[i % repeated.length]!).join('');
}
