// Tables and sizes for people.

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

/** 4.27 GB, 232.6 kB: powers of ten, as download pages say it. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  // 999,500 is 1.00 MB already, in three digits.
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes * 1.000501)) / 3)));
  return power === 0 ? `${bytes} bytes` : `${(bytes / 1000 ** power).toPrecision(3)} ${units[power]}`;
}

/** 859,520,964. */
export const count = (value: number): string => value.toLocaleString('en-US');
