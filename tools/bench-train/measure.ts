// One case on one side: seconds of a step and memory, in a process of its own.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { median } from '../bench/median.ts';
import { watchMemory, type TreeMemory } from '../bench/process-memory.ts';
import type { OperatorShare } from '../bench-sd/operator-profile.ts';
import { startSide, type Side } from '../bench-sd/side.ts';
import { scoreConfig, tokens, trainedOfScore, training, type Case } from './cases.ts';

/** As it is, and with activations recomputed (in PyTorch: gradient checkpointing). */
export const sides = ['ours', 'recomputed', 'torch', 'checkpointed'] as const;
export type SideName = (typeof sides)[number];

export interface Place {
  /** The file of weights of the case. */
  readonly path: string;
  /** Configurations for diffusers, see bench-sd. */
  readonly configs: string;
  readonly threads: number;
  /** A Python with torch, diffusers, peft and transformers. */
  readonly python: string | undefined;
  /** Steps that are timed, after one that is not. */
  readonly steps: number;
  /** Seconds after which a side is given up. */
  readonly limit: number;
}

export interface Measured {
  /** From the path of the weights to a step that can be run. */
  readonly open: number;
  readonly seconds: number;
  /** Processor time of a step, of all threads; null where the system does not tell. */
  readonly processor: number | null;
  readonly memory: TreeMemory | null;
  /** Of the first step. */
  readonly loss: number;
  readonly norm: number;
  readonly versions: Readonly<Record<string, string>>;
}

interface Stepped {
  readonly seconds: number;
  readonly loss: number;
  readonly norm: number;
}

/** Seconds of processor that a process has had (fields 14 and 15 of /proc/PID/stat, in hundredths). */
function processorOf(pid: number): number | null {
  if (process.platform !== 'linux') return null;
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** The process of a side. */
async function start(side: SideName, what: Case, { path, configs, threads, python }: Omit<Place, 'steps' | 'limit'>): Promise<Side> {
  const told = {
    ...what,
    ...training,
    path,
    configs,
    threads,
    tokens: tokens[what.kind],
    checkpointing: side === 'checkpointed' || side === 'recomputed',
    ...(what.kind === 'score' && { ...scoreConfig, trained: [...trainedOfScore(what.freeze)] }),
  };
  return side === 'ours' || side === 'recomputed'
    ? await startSide(process.execPath, [join(import.meta.dirname, 'ours.ts'), JSON.stringify(told)])
    : await startSide(python!, [join(import.meta.dirname, 'torch_train.py'), JSON.stringify(told)]);
}

/** Where the time of a second step goes here, by operator. */
export async function profileOurs(what: Case, place: Omit<Place, 'steps' | 'limit'>): Promise<readonly OperatorShare[]> {
  const side = await start('ours', what, place);
  try {
    return (await side.ask<{ readonly shares: readonly OperatorShare[] }>('profile')).shares;
  } finally {
    await side.close();
  }
}

/** Null where it takes longer than the limit. Throws what the process says when it fails. */
export async function measureSide(
  side: SideName,
  what: Case,
  { path, configs, threads, python, steps, limit }: Place,
): Promise<Measured | null> {
  const process_ = await start(side, what, { path, configs, threads, python });
  let memory: ReturnType<typeof watchMemory> | null = null;
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    process.kill(process_.pid);
  }, 1000 * limit);
  try {
    const { seconds: open } = await process_.ask<{ readonly seconds: number }>('open');
    // The peak counts from here: opening is not training.
    if (process.platform === 'linux') writeFileSync(`/proc/${process_.pid}/clear_refs`, '5');
    memory = watchMemory(process_.pid);
    const first = await process_.ask<Stepped>('step');
    const times: number[] = [];
    const processor: number[] = [];
    for (let i = 0; i < steps; i++) {
      const before = processorOf(process_.pid);
      times.push((await process_.ask<Stepped>('step')).seconds);
      if (before !== null) processor.push(processorOf(process_.pid)! - before);
    }
    const { versions } = await process_.ask<Pick<Measured, 'versions'>>('about');
    return {
      open,
      seconds: median(times),
      processor: processor.length ? median(processor) : null,
      memory: memory.stop(),
      loss: first.loss,
      norm: first.norm,
      versions,
    };
  } catch (cause) {
    if (late) return null;
    throw cause;
  } finally {
    clearTimeout(timer);
    memory?.stop();
    await process_.close();
  }
}
