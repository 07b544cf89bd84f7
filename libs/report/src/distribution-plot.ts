// Distributions beside each other: for each row its shape, quartiles, and single values that link to what they are of.
import { escapeHtml, niceTicks } from './plot-svg.ts';

export interface DistributionRow {
  readonly label: string;
  readonly values: readonly number[];
  /** Dots at single values; `href` is an anchor of the page. */
  readonly marks: readonly { readonly value: number; readonly href: string; readonly title: string }[];
}

const [width, left, rowHeight, bins] = [620, 190, 44, 40];

/** One row a distribution, over one axis; rows without values say so. */
export function distributionPlot(rows: readonly DistributionRow[], caption: string): string {
  const height = rows.length * rowHeight + 30;
  let [low, high] = [Infinity, -Infinity];
  for (const { values } of rows)
    for (const value of values) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  if (low > high) return `<figure><figcaption>${escapeHtml(caption)} Nothing was measured.</figcaption></figure>`;
  const span = high - low || 1;
  const x = (value: number) => Number((left + 12 + ((value - low) / span) * (width - left - 36)).toFixed(1));
  const axis = niceTicks(low, high)
    .map(
      (t) =>
        `<line class="grid" x1="${x(t)}" x2="${x(t)}" y1="4" y2="${height - 24}"/><text class="tick" x="${x(t)}" y="${height - 8}" text-anchor="middle">${t}</text>`,
    )
    .join('');
  const body = rows.map((row, i) => drawRow(row, i * rowHeight + rowHeight - 12)).join('');
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="group" aria-label="${escapeHtml(caption)}">${axis}${body}</svg><figcaption>${escapeHtml(caption)}</figcaption></figure>`;

  /** The shape stands on `y`, the quartiles lie below it. */
  function drawRow({ label, values, marks }: DistributionRow, y: number): string {
    const name = `<text x="${left}" y="${y - 2}" text-anchor="end">${escapeHtml(label)}</text>`;
    if (values.length === 0) return `${name}<text class="tick" x="${left + 18}" y="${y - 2}">not measured</text>`;
    const counts = new Array<number>(bins).fill(0);
    for (const value of values) counts[Math.min(bins - 1, Math.floor(((value - low) / span) * bins))]! += 1;
    const top = Math.max(...counts);
    const at = (bin: number) => x(low + (bin / bins) * span);
    const shape = counts.map((count, b) => `V${(y - 4 - (24 * count) / top).toFixed(1)}H${at(b + 1)}`).join('');
    const sorted = values.toSorted((a, b) => a - b);
    const quarter = (p: number) => x(sorted[Math.round(p * (sorted.length - 1))]!);
    const box = `<line class="quartiles" x1="${quarter(0.25)}" x2="${quarter(0.75)}" y1="${y}" y2="${y}"/><line class="median" x1="${quarter(0.5)}" x2="${quarter(0.5)}" y1="${y - 4}" y2="${y + 4}"/>`;
    const dots = marks
      .map(
        ({ value, href, title }) =>
          `<a href="${escapeHtml(href)}"><circle class="mark" cx="${x(value)}" cy="${y}" r="4"><title>${escapeHtml(title)}</title></circle></a>`,
      )
      .join('');
    return `${name}<path class="shape" d="M${at(0)},${y - 4}${shape}V${y - 4}Z"/>${box}${dots}`;
  }
}
