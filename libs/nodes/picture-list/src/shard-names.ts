// Names of shards: * and ? as in a shell, {a,b} and {000..012} with braces.

/** No folder has more shards than this, and a pattern can mean billions. */
const most = 100_000;

/** The pattern without braces, written out: the first 100,000 names that it means. */
export function expandBraces(pattern: string): string[] {
  const found = /^(.*?)\{([^{}]*)\}(.*)$/.exec(pattern);
  if (!found) return [pattern];
  const [, before = '', inside = '', after = ''] = found;
  const range = /^(\d+)\.\.(\d+)$/.exec(inside);
  const ends = expandBraces(after);
  const names: string[] = [];
  for (const part of range ? numbersOf(range[1]!, range[2]!) : inside.split(','))
    for (const end of ends) {
      if (names.length === most) return names;
      names.push(`${before}${part}${end}`);
    }
  return names;
}

/** With the leading zeros of the first. */
function numbersOf(first: string, last: string): string[] {
  const [from, to] = [Number(first), Number(last)];
  const length = Math.min(most, Math.max(0, to - from + 1));
  return Array.from({ length }, (_, i) => String(from + i).padStart(first.startsWith('0') ? first.length : 0, '0'));
}

/** Whether a file name is one of those that the pattern means. */
export function shardMatcher(pattern: string): (name: string) => boolean {
  const [plain, globs] = [new Set<string>(), [] as RegExp[]];
  for (const each of expandBraces(pattern))
    if (/[*?]/.test(each))
      globs.push(
        new RegExp(
          `^${each
            .replace(/[.+^$()|[\]\\{}]/g, '\\$&')
            .replaceAll('*', '.*')
            .replaceAll('?', '.')}$`,
        ),
      );
    else plain.add(each);
  return (name) => plain.has(name) || globs.some((glob) => glob.test(name));
}
