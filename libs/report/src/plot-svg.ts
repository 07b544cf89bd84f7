// Plots of the report as inline SVG: no script, readable when printed.
import type { Interval } from './bootstrap.ts';

export const escapeHtml = (text: string): string => text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

export interface IntervalRow {
  readonly label: string;
  readonly interval: Interval;
  readonly tone: 'good' | 'bad' | 'neutral';
}

/** Dots with whiskers around a line at `reference`, the value of no effect; one row a variant. */
export function intervalPlot(rows: readonly IntervalRow[], caption: string, reference = 0): string {
  const width = 620;
  const left = 190;
  const rowHeight = 30;
  const height = rows.length * rowHeight + 34;
  const finite = rows.flatMap(({ interval: { low, high } }) => [low, high]).filter(Number.isFinite);
  const low = Math.min(reference, ...finite);
  const high = Math.max(reference, ...finite);
  const span = high - low || 1;
  const x = (value: number) => left + 12 + ((value - low) / span) * (width - left - 36);
  const ticks = niceTicks(low, high);
  const axis = ticks
    .map(
      (t) =>
        `<line class="grid" x1="${x(t)}" x2="${x(t)}" y1="4" y2="${height - 26}"/><text class="tick" x="${x(t)}" y="${height - 10}" text-anchor="middle">${t}</text>`,
    )
    .join('');
  const dots = rows
    .map(({ label, interval, tone }, i) => {
      const y = i * rowHeight + 20;
      const name = `<text x="${left}" y="${y + 4}" text-anchor="end">${escapeHtml(label)}</text>`;
      if (!Number.isFinite(interval.estimate))
        return `${name}<text class="tick" x="${x(reference) + 6}" y="${y + 4}">nothing to compare</text>`;
      return `${name}<line class="whisker ${tone}" x1="${x(interval.low)}" x2="${x(interval.high)}" y1="${y}" y2="${y}"/><circle class="dot ${tone}" cx="${x(interval.estimate)}" cy="${y}" r="5"/>`;
    })
    .join('');
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(caption)}">${axis}<line class="zero" x1="${x(reference)}" x2="${x(reference)}" y1="4" y2="${height - 26}"/>${dots}</svg><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

/** Two or more distributions as outlined histograms over shared bins. */
export function histogram(series: readonly { readonly label: string; readonly values: readonly number[] }[], caption: string): string {
  const width = 620;
  const height = 190;
  const bins = 30;
  const all = series.flatMap((s) => s.values);
  if (all.length === 0) return '';
  const low = Math.min(...all);
  const high = Math.max(...all);
  const span = high - low || 1;
  const counts = series.map(({ values }) => {
    const out = new Array<number>(bins).fill(0);
    for (const v of values) out[Math.min(bins - 1, Math.floor(((v - low) / span) * bins))]! += 1 / values.length;
    return out;
  });
  const top = Math.max(...counts.flat());
  const x = (bin: number) => 20 + (bin / bins) * (width - 40);
  const y = (share: number) => height - 28 - (share / top) * (height - 52);
  const paths = counts
    .map(
      (shares, s) =>
        `<path class="series s${s}" d="M${x(0)},${y(0)} ${shares.map((v, b) => `L${x(b)},${y(v)} L${x(b + 1)},${y(v)}`).join(' ')} L${x(bins)},${y(0)}"/>`,
    )
    .join('');
  const legend = series.map(({ label }, s) => `<text class="legend s${s}" x="${24 + s * 150}" y="14">${escapeHtml(label)}</text>`).join('');
  const ticks = niceTicks(low, high)
    .map((t) => `<text class="tick" x="${20 + ((t - low) / span) * (width - 40)}" y="${height - 10}" text-anchor="middle">${t}</text>`)
    .join('');
  return `<figure><svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(caption)}">${paths}${legend}${ticks}</svg><figcaption>${escapeHtml(caption)}</figcaption></figure>`;
}

/** Four to eight round numbers from low to high. */
export function niceTicks(low: number, high: number): number[] {
  const span = high - low || 1;
  const rough = span / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((m) => m * power).find((s) => span / s <= 6) ?? 10 * power;
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(6)));
}
