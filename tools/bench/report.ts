// What was measured, on which machine, and against which targets: numbers in bench/, and a page for readers in docs/.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { format, resolveConfig } from 'prettier';

export interface Measurement {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** The target, where there is one: at most this. */
  readonly most?: number;
}
export interface Circumstances {
  /** ISO 8601. */
  readonly date: string;
  /** Of the code that was measured; ends in `+` when files had been changed since. */
  readonly commit: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly memoryGB: number; readonly system: string };
  readonly versions: Readonly<Record<string, string>>;
}
export interface Part extends Circumstances {
  readonly title: string;
  readonly about: string;
  readonly measurements: readonly Measurement[];
}
export type Results = Readonly<Record<string, Part>>;

/** Where the parts of one command are kept. */
export interface Report {
  /** JSON file, from the root of the repository. */
  readonly results: string;
  /** Markdown file, from the root of the repository. */
  readonly page: string;
  readonly title: string;
  /** First paragraph of the page. */
  readonly about: string;
}

const ROOT = join(import.meta.dirname, '../..');

const git = (...args: string[]): string => execFileSync('git', args, { cwd: ROOT, encoding: 'utf8' }).trim();
const versionOf = (name: string): string =>
  (JSON.parse(readFileSync(join(ROOT, 'node_modules', name, 'package.json'), 'utf8')) as { readonly version: string }).version;

export function circumstances(): Circumstances {
  const changed = git('status', '--porcelain', '--untracked-files=no') !== '';
  return {
    date: new Date().toISOString(),
    commit: `${git('rev-parse', '--short=12', 'HEAD')}${changed ? '+' : ''}`,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memoryGB: Math.round(totalmem() / 1e9),
      system: `${type()} ${release()}`,
    },
    versions: { node: process.versions.node, 'onnxruntime-node': versionOf('onnxruntime-node') },
  };
}

const number = (value: number): string =>
  Number.isInteger(value) ? String(value) : value.toLocaleString('en', { maximumSignificantDigits: 3, useGrouping: false });
/** A number of about three digits with its unit. */
export const quantity = (value: number, unit: string): string => `${number(value)} ${unit}`.trim();
const verdict = ({ value, most }: Measurement): string => (most === undefined ? '' : value <= most ? 'met' : '**missed**');

function rows(measurements: readonly Measurement[]): string {
  const lines = measurements.map(
    (m) =>
      `| ${m.name} | ${quantity(m.value, m.unit)} | ${m.most === undefined ? '' : `at most ${quantity(m.most, m.unit)}`} | ${verdict(m)} |`,
  );
  return ['| what | measured | target | |', '|---|---|---|---|', ...lines].join('\n');
}

/** A sentence on when, on what and with what something was measured. */
export function measuredWhere({ date, commit, machine, versions }: Circumstances): string {
  const where = `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGB} GB of memory, ${machine.system}`;
  const what = Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
  return `Measured on ${date.slice(0, 10)} at commit ${commit}: ${where}; ${what}.`;
}

/** The page for readers, in Markdown. */
export function pageOf(results: Results, { title, about }: Report): string {
  const parts = Object.values(results).map(({ title, about, measurements, date, commit, machine, versions }) => {
    return `## ${title}\n\n${about}\n\n${rows(measurements)}\n\n${measuredWhere({ date, commit, machine, versions })}\n`;
  });
  return [`# ${title}\n`, `${about}\n`, ...parts].join('\n');
}

/** Formatted as Prettier does; makes the folder. */
export async function writeFormatted(path: string, content: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, await format(content, { ...(await resolveConfig(path)), filepath: path }));
}

/** Replaces the parts that were measured and keeps the others, each with its own date and commit. */
export async function writeReport(measured: Results, report: Report): Promise<void> {
  const path = join(ROOT, report.results);
  const before = existsSync(path) ? (JSON.parse(await readFile(path, 'utf8')) as Results) : {};
  const results = { ...before, ...measured };
  await writeFormatted(path, JSON.stringify(results, null, 2));
  await writeFormatted(join(ROOT, report.page), pageOf(results, report));
}
