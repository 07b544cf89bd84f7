// The table of an experiment for other programs: one row a picture and metric.
import type { MeasuredVariant } from './experiment.ts';

/** As RFC 4180 quotes. A text that a spreadsheet would take for a formula gets an apostrophe before it. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A picture that was not scored has an empty value, and a note why. Controls have no picture that is kept. */
export function reportCsv(variants: readonly MeasuredVariant[]): string {
  const lines = ['variant,role,key,prompt,metric,value,note,picture'];
  for (const { role, label, keys, images, values } of variants)
    for (const [metric, list] of Object.entries(values))
      list.forEach(({ value, note }, i) =>
        lines.push(
          [label, role, keys[i]!, images[i]?.caption ?? '', metric, value, note ?? '', images[i]?.asset.id ?? ''].map(cell).join(','),
        ),
      );
  return `${lines.join('\r\n')}\r\n`;
}
