// The frame of a command that measures in parts, e.g. `npm run bench`: which parts, what they gave against their targets, and the report.
import { parseArgs } from 'node:util';
import { circumstances, writeReport, type Measurement, type Report } from './report.ts';

export interface PartToMeasure {
  readonly title: string;
  readonly about: string;
  readonly measure: () => Promise<Measurement[]>;
}

/** Measures all parts, or the one that `--only` names. */
export async function measureParts(parts: Readonly<Record<string, PartToMeasure>>, report: Report): Promise<void> {
  const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;
  if (only !== undefined && !(only in parts)) {
    console.error(`--only: expected ${Object.keys(parts).join(' or ')}, got ${only}`);
    process.exitCode = 1;
    return;
  }
  // Once, before the report itself changes files of the repository.
  const conditions = circumstances();
  let missed = 0;
  for (const name of only === undefined ? Object.keys(parts) : [only]) {
    const { title, about, measure } = parts[name]!;
    console.log(`\n${title}`);
    const measurements = await measure();
    for (const { name: what, value, unit, most } of measurements) {
      const misses = most !== undefined && value > most;
      missed += Number(misses);
      console.log(
        `  ${what}: ${Number(value.toPrecision(4))} ${unit}${most === undefined ? '' : ` (target: at most ${most})${misses ? ' MISSED' : ''}`}`,
      );
    }
    // Part by part, so that a later failure loses nothing.
    await writeReport({ [name]: { title, about, ...conditions, measurements } }, report);
  }
  console.log(`\n${report.results} and ${report.page} are written; ${missed === 0 ? 'every target is met' : `${missed} target(s) missed`}`);
}
