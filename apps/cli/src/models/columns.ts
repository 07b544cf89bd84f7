// Tables for people.

/** Columns as wide as their widest cell, the last one open; a column whose title is 'size' or a count stands at the right. */
export function columns(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const right = new Set(['size', 'count', 'tensors', 'parameters']);
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (right.has(titles[i]!) ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  return [titles, ...rows].map(line).join('\n');
}

/** 859,520,964. */
export const count = (value: number): string => value.toLocaleString('en-US');
