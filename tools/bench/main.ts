// npm run bench: measures speed and memory on this machine, and writes bench/results.json and docs/benchmarks.md. Run it on a machine that does nothing else.
import { parseArgs } from 'node:util';
import { aboutEngine, measureEngine } from './engine.ts';
import { aboutLoop, measureLoop } from './loop.ts';
import { circumstances, writeReport, type Measurement } from './report.ts';
import { aboutTrain, measureTrain } from './train.ts';

interface PartToMeasure {
  readonly title: string;
  readonly about: string;
  readonly measure: () => Promise<Measurement[]>;
}
const parts: Readonly<Record<string, PartToMeasure>> = {
  engine: { title: 'Engine overhead', about: aboutEngine, measure: measureEngine },
  train: { title: 'Train step', about: aboutTrain, measure: () => measureTrain({ python: process.env['FACEWRIGHT_PYTHON'] }) },
  loop: { title: 'The loop template', about: aboutLoop, measure: measureLoop },
};

const { only } = parseArgs({ options: { only: { type: 'string' } } }).values;
if (only !== undefined && !(only in parts)) {
  console.error(`--only: expected ${Object.keys(parts).join(' or ')}, got ${only}`);
  process.exit(1);
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
  await writeReport({ [name]: { title, about, ...conditions, measurements } });
}
console.log(
  `\nbench/results.json and docs/benchmarks.md are written; ${missed === 0 ? 'every target is met' : `${missed} target(s) missed`}`,
);
