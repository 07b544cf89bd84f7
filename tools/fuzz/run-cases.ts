// Runs cases of a suite one after the other in this process. As a program of its own it may crash or hang: the file it is given always says at which case it is.
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { createRng } from '@facewright/tensor';
import type { Suite } from './suite.ts';
import { suites } from './suites.ts';

export interface Finding {
  readonly case: number;
  readonly what: string;
}
export interface CasesDone {
  readonly accepted: number;
  readonly refused: number;
  readonly findings: readonly Finding[];
  /** Longest case, ms. */
  readonly longest: number;
  /** Resident bytes after the first tenth, at least after 500 cases, and at the end. */
  readonly memory: readonly [early: number, end: number];
}

/** Seeds of neighbouring cases give unrelated streams. */
const seedOf = (seed: number, number: number): number => (seed % 2 ** 20) * 2 ** 32 + number;
const MOST_FINDINGS = 20;
const resident = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss;
};

/** Cases `from` up to `to` of a seed. `began` hears of each before it begins. */
export async function runCases(
  suite: Suite,
  {
    seed,
    from,
    to,
    folder,
    began = () => {},
  }: { seed: number; from: number; to: number; folder: string; began?: (number: number) => void },
): Promise<CasesDone> {
  const count = { accepted: 0, refused: 0 };
  const findings: Finding[] = [];
  let longest = 0;
  let early = 0;
  const suiteAt = await suite.open(folder);
  const warm = from + Math.max(500, (to - from) / 10);
  for (let number = from; number < to && findings.length < MOST_FINDINGS; number++) {
    began(number);
    const start = performance.now();
    try {
      count[await suiteAt.one(createRng(seedOf(seed, number)))]++;
    } catch (error) {
      findings.push({ case: number, what: error instanceof Error ? (error.stack ?? error.message) : String(error) });
    }
    const took = performance.now() - start;
    longest = Math.max(longest, took);
    if (took > suite.limitMs) findings.push({ case: number, what: `took ${Math.round(took)} ms` });
    if (early === 0 && number >= warm) early = resident();
  }
  const end = resident();
  await suiteAt.close();
  return { ...count, findings, longest, memory: [early || end, end] };
}

if (process.argv[1] === import.meta.filename) {
  const [name, seed, from, to, folder, where] = process.argv.slice(2) as [string, string, string, string, string, string];
  mkdirSync(folder, { recursive: true });
  const file = openSync(where, 'w');
  const at = Buffer.alloc(8);
  const done = await runCases(suites[name]!, {
    seed: Number(seed),
    from: Number(from),
    to: Number(to),
    folder,
    began: (number) => {
      at.writeDoubleLE(number);
      writeSync(file, at, 0, 8, 0);
    },
  });
  closeSync(file);
  process.stdout.write(`\n${JSON.stringify(done)}\n`, () => process.exit(0));
}
