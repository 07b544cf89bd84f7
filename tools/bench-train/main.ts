// npm run bench:train: training steps at full size beside PyTorch; writes bench/train-results.json and docs/train-benchmarks.md. Run it on a machine that does nothing else.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { availableParallelism, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { BlipReward } from '@facewright/models';
import { circumstances, writeFormatted } from '../bench/report.ts';
import { openWorkplace } from '../bench-sd/checkpoint.ts';
import { writeRandomWeights } from '../bench-sd/random-checkpoint.ts';
import { commandLine } from '../bench-sd/settings.ts';
import { cases, scoreConfig, titleOf, type Case } from './cases.ts';
import { measureSide, profileOurs, sides, type Measured, type SideName } from './measure.ts';
import { misses, pageOf, ratiosOf, type CaseResult, type Results } from './page.ts';

const { values: options } = parseArgs({
  options: {
    cases: { type: 'string', default: cases.map(({ name }) => name).join() },
    sides: { type: 'string', default: sides.join() },
    steps: { type: 'string', default: '3' },
    limit: { type: 'string', default: '1800' },
    profile: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});
function chosen<T extends string>(option: 'cases' | 'sides', known: readonly T[]): T[] {
  const asked = options[option].split(',');
  const unknown = asked.filter((name) => !(known as readonly string[]).includes(name));
  if (unknown.length > 0) {
    console.error(`--${option}: expected names among ${known.join(', ')}, got ${unknown.join(', ')}`);
    process.exit(1);
  }
  return known.filter((name) => asked.includes(name));
}
const wholeNumber = (name: 'steps' | 'limit'): number => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1) {
    console.error(`--${name}: expected a positive whole number, got ${options[name]}`);
    process.exit(1);
  }
  return value;
};
const caseNames = chosen(
  'cases',
  cases.map(({ name }) => name),
);
const [steps, limit] = [wholeNumber('steps'), wholeNumber('limit')];
const python = process.env['FACEWRIGHT_PYTHON'];
if (python === undefined)
  console.warn(
    'SKIPPED: the comparison; set FACEWRIGHT_PYTHON to a Python with torch, diffusers, peft and transformers. Facewright alone is measured',
  );
const own: readonly SideName[] = ['ours', 'recomputed'];
const sideNames = chosen('sides', sides).filter((side) => python !== undefined || own.includes(side));

// Once, before the report itself changes files of the repository.
const conditions = circumstances();
const load = loadavg()[0]!;
const threads = availableParallelism();
const workplace = await openWorkplace(false);
try {
  const chosenCases = cases.filter(({ name }) => caseNames.includes(name));
  const checkpoint = chosenCases.some(({ kind }) => kind === 'lora') ? await workplace.checkpoint(undefined) : null;
  const scoreFile = join(workplace.folder, 'face-score.safetensors');
  if (chosenCases.some(({ kind }) => kind === 'score'))
    await writeRandomWeights(
      scoreFile,
      new Map([...new BlipReward(scoreConfig).parameters()].map(([name, { shape }]) => [name, shape])),
      3,
    );
  const placeOf = ({ kind }: Case) => ({
    path: kind === 'lora' ? checkpoint!.path : scoreFile,
    configs: checkpoint?.configs ?? '',
    threads,
    python,
  });
  const results: CaseResult[] = [];
  for (const what of chosenCases) {
    console.log(titleOf(what));
    if (options.profile) {
      console.table(await profileOurs(what, placeOf(what)));
      continue;
    }
    const of: Partial<Record<SideName, Measured | null>> = {};
    for (const side of sideNames) {
      const measured = await measureSide(side, what, { ...placeOf(what), steps, limit });
      of[side] = measured;
      console.log(
        `  ${side}: ${measured ? `${measured.seconds.toFixed(2)} s, processor ${measured.processor?.toFixed(2)} s, peak ${((measured.memory?.peak ?? 0) / 1e9).toFixed(2)} GB, loss ${measured.loss}` : `given up after ${limit} s`}`,
      );
    }
    const [first, ...others] = Object.values(of).flatMap((measured) => (measured ? [measured.loss] : []));
    for (const other of others)
      if (Math.abs(other - first!) > 1e-4 * Math.abs(first!))
        throw new Error(`${what.name}: expected one loss on all sides, got ${first} and ${other}`);
    results.push({
      what,
      sides: of,
      ...conditions,
      command: commandLine('bench:train'),
      steps,
      threads,
      load,
      waiting: process.env['OMP_WAIT_POLICY'] ?? null,
    });
  }
  if (results.length > 0) {
    const out = resolve(options.out);
    const file = join(out, 'bench/train-results.json');
    const before = existsSync(file) ? (JSON.parse(await readFile(file, 'utf8')) as Results).cases : [];
    const all = cases.flatMap(({ name }) => [...results, ...before].find(({ what }) => what.name === name) ?? []);
    await writeFormatted(file, JSON.stringify({ cases: all }, null, 2));
    await writeFormatted(join(out, 'docs/train-benchmarks.md'), pageOf({ cases: all }));
    const missed = results.flatMap(ratiosOf).filter(misses).length;
    console.log(
      `\nbench/train-results.json and docs/train-benchmarks.md are written in ${out}; ${missed > 0 ? `${missed} goal(s) missed` : python === undefined ? 'no goal was checked' : 'every goal that was checked is met'}`,
    );
  }
} finally {
  workplace.close();
}
