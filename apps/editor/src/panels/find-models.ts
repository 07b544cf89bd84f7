// Models that fit what was typed.
import type { ModelInfo } from '../api/http.ts';

/** Those whose path has every typed word, in any case; ones whose name begins with the first word go first. */
export function findModels(models: readonly ModelInfo[], query: string): readonly ModelInfo[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const [first] = words;
  if (first === undefined) return models;
  const found = models.filter(({ path }) => words.every((word) => path.toLowerCase().includes(word)));
  const begins = ({ path }: ModelInfo): boolean =>
    path
      .slice(path.lastIndexOf('/') + 1)
      .toLowerCase()
      .startsWith(first);
  return [...found.filter(begins), ...found.filter((model) => !begins(model))];
}
