// Pictures that are drawn together: of one size, not more than asked, and as evenly as can be, so that one session serves nearly all of them.
export function groupsOf<T>(items: readonly T[], most: number, sizeOf: (item: T) => string): T[][] {
  return [...Map.groupBy(items, sizeOf).values()].flatMap((same) => {
    const size = Math.ceil(same.length / Math.ceil(same.length / most));
    return Array.from({ length: Math.ceil(same.length / size) }, (_, i) => same.slice(i * size, (i + 1) * size));
  });
}
