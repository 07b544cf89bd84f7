// Long lists of like problems.
const NAMED = 3;

/** The first few problems, and how many more there are in the words of `more`. */
export const firstFew = (
  problems: readonly string[],
  more: (rest: number) => string = (rest) => `and ${rest} more like these`,
): string[] => (problems.length > NAMED ? [...problems.slice(0, NAMED), more(problems.length - NAMED)] : [...problems]);
