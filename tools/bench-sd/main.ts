// npm run bench:sd: Stable Diffusion 1.5 at full size beside diffusers on PyTorch; writes bench/sd-results.json and docs/sd-benchmarks.md. Run it on a machine that does nothing else.
import { availableParallelism } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { ProviderChoice } from '@facewright/runtime';
import { circumstances, writeFormatted } from '../bench/report.ts';
import { openWorkplace } from './checkpoint.ts';
import { measureSides } from './measure.ts';
import { misses, pageOf, type Results } from './page.ts';
import { commandLine } from './settings.ts';

const { values: options } = parseArgs({
  options: {
    checkpoint: { type: 'string' },
    size: { type: 'string', default: '512' },
    steps: { type: 'string', default: '10' },
    runs: { type: 'string', default: '3' },
    provider: { type: 'string', default: 'cpu' },
    keep: { type: 'boolean', default: false },
    out: { type: 'string', default: join(import.meta.dirname, '../..') },
  },
});
const wholeNumber = (name: 'size' | 'steps' | 'runs', divisor = 1): number => {
  const value = Number(options[name]);
  if (!Number.isInteger(value) || value < 1 || value % divisor !== 0) {
    console.error(`--${name}: expected a positive multiple of ${divisor}, got ${options[name]}`);
    process.exit(1);
  }
  return value;
};
const [size, steps, runs] = [wholeNumber('size', 64), wholeNumber('steps'), wholeNumber('runs')];
if (!['cpu', 'webgpu'].includes(options.provider)) {
  console.error(`--provider: expected cpu or webgpu, got ${options.provider}`);
  process.exit(1);
}
const python = process.env['FACEWRIGHT_PYTHON'];
if (python === undefined)
  console.warn(
    'SKIPPED: the comparison; set FACEWRIGHT_PYTHON to a Python with torch, diffusers and transformers. Facewright alone is measured',
  );

// Once, before the report itself changes files of the repository.
const conditions = circumstances();
const workplace = await openWorkplace(options.keep);
try {
  const { path, configs } = await workplace.checkpoint(options.checkpoint);
  const settings = {
    provider: options.provider as ProviderChoice,
    threads: availableParallelism(),
    size,
    steps,
    prompt: 'a portrait photo of an old fisherman, soft light',
    negative: 'blurry, deformed',
    guidance: 7.5,
  };
  const comparison = await measureSides({ settings: { ...settings, path, configs }, python, runs, log: console.log });
  const results: Results = {
    ...conditions,
    command: commandLine('bench:sd'),
    runs,
    checkpoint:
      (options.checkpoint && basename(options.checkpoint)) ??
      'a single file of random float32 weights, made for the run, which cost what trained ones cost',
    settings,
    ...comparison,
  };
  const out = resolve(options.out);
  await writeFormatted(join(out, 'bench/sd-results.json'), JSON.stringify(results, null, 2));
  await writeFormatted(join(out, 'docs/sd-benchmarks.md'), pageOf(results));
  const missed = comparison.rows.filter(misses).length;
  console.log(
    `\nbench/sd-results.json and docs/sd-benchmarks.md are written in ${out}; ${missed > 0 ? `${missed} goal(s) missed` : python === undefined ? 'no goal was checked' : 'every goal is met'}`,
  );
} finally {
  workplace.close();
}
