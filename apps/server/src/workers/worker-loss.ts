// What became of a worker that ended in the middle of a job, and what to do about it.
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import { durationText, toProblem, type Problem } from '@facewright/core';
import { sizeText } from '@facewright/runtime';
import type { CodedError } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { Beat } from './worker-beat.ts';

export interface WorkerLoss {
  readonly why: 'crash' | 'hang' | 'memory';
  readonly problem: Problem;
}
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** The end of what the process wrote to its outputs. */
  readonly lastWords: string;
}
/** What is known of the job at its end. */
export interface AtTheEnd {
  readonly node: string | null;
  readonly beat: Beat | undefined;
}

/** V8 at the limit of its heap, and allocators that nobody caught. */
const lackOfMemory = /heap out of memory|bad_alloc|out of memory|allocation failed/i;
const outcry = /^(?:FATAL ERROR|Uncaught|\w*Error\b|terminate called|libc\+\+abi|thread .* panicked).*/m;

/** The system ends whoever takes the last memory without a word; below this share of all of it, that is what happened. */
const NO_MEMORY_LEFT = 0.05;

/** How often the system has ended processes for lack of memory; null where it does not say. */
export function outOfMemoryKills(): number | null {
  try {
    return Number(/^oom_kill (\d+)/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1] ?? NaN);
  } catch {
    return null;
  }
}

/** `killsBefore`: outOfMemoryKills when the worker was started. */
export function lossOfExit({ code, signal, lastWords }: Exit, at: AtTheEnd, killsBefore: number | null): WorkerLoss {
  const cry = outcry.exec(lastWords)?.[0];
  const how = `${signal ? `signal ${signal}` : `exit code ${code}`}${cry ? ` (${cry})` : ''}`;
  const scarce = at.beat !== undefined && at.beat.free < NO_MEMORY_LEFT * Math.min(totalmem(), process.constrainedMemory() || Infinity);
  const killed = signal === 'SIGKILL' && ((outOfMemoryKills() ?? 0) > (killsBefore ?? Infinity) || scarce);
  return killed || (code !== 0 && lackOfMemory.test(lastWords))
    ? { why: 'memory', problem: problemOf(err.WORKER_MEMORY(how, heldText(at)), at) }
    : { why: 'crash', problem: problemOf(err.WORKER_LOST(how, heldText(at)), at) };
}
/** The main thread is inside one call. */
export const lossOfCall = (seconds: number, at: AtTheEnd): WorkerLoss => ({
  why: 'hang',
  problem: problemOf(err.WORKER_HANGS(durationText(seconds)), at),
});
/** Not even the thread that beats runs: the process is stopped, or its memory is on disk. */
export const lossOfSilence = (seconds: number, at: AtTheEnd): WorkerLoss => ({
  why: 'hang',
  problem: problemOf(err.WORKER_SILENT(durationText(seconds), heldText(at)), at),
});

const heldText = ({ beat }: AtTheEnd) => (beat ? `, holding ${sizeText(beat.memory)} with ${sizeText(beat.free)} free` : '');
const problemOf = (error: CodedError, { node }: AtTheEnd): Problem =>
  node === null ? toProblem(error) : toProblem(error.at(`node ${node}`), { node });
