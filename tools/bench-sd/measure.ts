// Facewright and diffusers take turns at the parts of Stable Diffusion, each in processes of its own.
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { median } from '../bench/median.ts';
import { watchMemory, type TreeMemory } from '../bench/process-memory.ts';
import type { OperatorShare } from './operator-profile.ts';
import { parts, type PartName, type Settings } from './settings.ts';
import { startSide, type Side } from './side.ts';

export const sides = ['ours', 'diffusers'] as const;
export type SideName = (typeof sides)[number];

export interface Row {
  readonly name: string;
  readonly unit: string;
  readonly ours: number;
  /** Null where it was not measured. */
  readonly diffusers: number | null;
  /** The goal, where there is one: ours over theirs, at most this. */
  readonly most?: number;
}

/** What one side computes on. */
export interface About {
  readonly device: string | null;
  readonly precision: string;
  readonly versions: Readonly<Record<string, string>>;
}

export interface Comparison {
  readonly about: Readonly<Partial<Record<SideName, About>>>;
  readonly rows: readonly Row[];
  /** Of Facewright on the CPU; null on a GPU, where onnxruntime's profile has the times of calls and not of the work. */
  readonly profiles: Readonly<Record<PartName, readonly OperatorShare[]>> | null;
}

const partNames: Readonly<Record<PartName, string>> = {
  text: 'text encode, prompt and negative prompt',
  unet: 'guided U-Net step (batch 2)',
  decode: 'VAE decode',
  encode: 'VAE encode',
};
const GB = 1e9;

/** Reads files, so that the system holds them in memory as far as it can: some systems drop pages within a minute, and whoever came next would wait for the disk. */
async function readAll(path: string): Promise<void> {
  const files = (await stat(path)).isDirectory()
    ? (await readdir(path, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [path];
  for (const file of files) for await (const _ of createReadStream(file, { highWaterMark: 2 ** 22 }));
}

export interface Measure {
  readonly settings: Settings;
  /** A Python with torch and diffusers; without one only Facewright is measured. */
  readonly python: string | undefined;
  /** Of everything but the picture. */
  readonly runs: number;
  /** Told what is being measured. */
  log(what: string): void;
}

export async function measureSides({ settings, python, runs, log }: Measure): Promise<Comparison> {
  const told = JSON.stringify(settings);
  const start: Readonly<Record<SideName, () => Promise<Side>>> = {
    ours: () => startSide(process.execPath, [join(import.meta.dirname, 'ours.ts'), told]),
    diffusers: () => startSide(python!, [join(import.meta.dirname, 'diffusers_bench.py'), told]),
  };
  const names = python === undefined ? (['ours'] as const) : sides;
  const each = async <T>(act: (name: SideName) => Promise<T>): Promise<Readonly<Partial<Record<SideName, T>>>> => {
    const results: Partial<Record<SideName, T>> = {};
    for (const name of names) results[name] = await act(name);
    return results;
  };
  /** One after the other, each in a fresh process. */
  const fresh = <T>(act: (side: Side) => Promise<T>) =>
    each(async (name) => {
      const side = await start[name]();
      try {
        await readAll(settings.path);
        return await act(side);
      } finally {
        await side.close();
      }
    });
  const row = (name: string, unit: string, values: Readonly<Partial<Record<SideName, number>>>, most?: number): Row => {
    const measured = { name, unit, ours: values.ours!, diffusers: values.diffusers ?? null, ...(most !== undefined && { most }) };
    log(`  ${name}: ${sides.map((side) => `${side} ${measured[side]?.toPrecision(3) ?? 'not measured'} ${unit}`).join(', ')}`);
    return measured;
  };
  const middle = (rounds: readonly Readonly<Partial<Record<SideName, number>>>[]) => ({
    ours: median(rounds.map(({ ours }) => ours!)),
    ...(python !== undefined && { diffusers: median(rounds.map(({ diffusers }) => diffusers!)) }),
  });
  const rows: Row[] = [];

  const opened: Readonly<
    Partial<Record<SideName, { readonly start: number; readonly open: number; readonly build: number; readonly about: About }>>
  >[] = [];
  for (let round = 0; round < runs; round++)
    opened.push(
      await fresh(async (side) => ({
        start: side.startSeconds,
        about: await side.ask<About>('about'),
        open: (await side.ask<{ readonly seconds: number }>('open')).seconds,
        build: (await side.ask<{ readonly seconds: number }>('build')).seconds,
      })),
    );
  const of = (...keys: readonly ('start' | 'open' | 'build')[]) =>
    middle(
      opened.map(
        (round) =>
          Object.fromEntries(names.map((name) => [name, keys.reduce((sum, key) => sum + round[name]![key], 0)])) as Record<
            SideName,
            number
          >,
      ),
    );
  rows.push(
    row('start of the process and imports', 's', of('start')),
    row('open the checkpoint', 's', of('open'), 0.3),
    row('open it and build every graph', 's', of('open', 'build')),
  );

  const open = await each((name) => start[name]());
  try {
    await each(async (name) => {
      await open[name]!.ask('open');
      await open[name]!.ask('build');
    });
    for (const part of parts) {
      const once = () =>
        each(async (name) => {
          await readAll(settings.path);
          return (await open[name]!.ask<{ readonly seconds: number }>('part', { name: part })).seconds;
        });
      const first = await once();
      if (part === 'unet') rows.push(row(`${partNames[part]}, the first`, 's', first));
      const rounds: Readonly<Partial<Record<SideName, number>>>[] = [];
      for (let round = 0; round < runs; round++) rounds.push(await once());
      rows.push(row(partNames[part], 's', middle(rounds), 1));
    }
  } finally {
    await each((name) => open[name]!.close());
  }

  const drawn = await fresh(async (side) => {
    const memory = watchMemory(side.pid);
    const { seconds } = await side.ask<{ readonly seconds: number }>('picture');
    return { seconds, memory: memory.stop() };
  });
  const bytes = (key: keyof TreeMemory) =>
    Object.fromEntries(names.map((name) => [name, drawn[name]!.memory![key] / GB])) as Partial<Record<SideName, number>>;
  rows.push(
    row(
      `picture of ${settings.steps} steps, from the path to PNG`,
      's',
      Object.fromEntries(names.map((name) => [name, drawn[name]!.seconds])) as Partial<Record<SideName, number>>,
      1,
    ),
  );
  if (drawn.ours!.memory)
    rows.push(
      row('its peak resident memory', 'GB', bytes('peak'), 1),
      row('of that at the fullest, allocated', 'GB', bytes('allocated')),
      row('of that at the fullest, pages of files', 'GB', bytes('ofFiles')),
    );
  else log('SKIPPED: peak memory is read from /proc, which this system does not have');

  const about = Object.fromEntries(names.map((name) => [name, opened[0]![name]!.about]));
  if (settings.provider !== 'cpu') return { about, rows, profiles: null };
  log('profile by operator');
  const side = await start.ours();
  try {
    return { about, rows, profiles: await side.ask<NonNullable<Comparison['profiles']>>('profile') };
  } finally {
    await side.close();
  }
}
