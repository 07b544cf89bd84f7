// A worker process as the server sees it: started, given one job at a time, paused, cancelled, ended.
import { fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Problem, RunEventBody } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { RowsReport } from '../batch/run-rows.ts';
import { err } from '../errors.ts';
import { BEAT_PIPE, type Beat } from './worker-beat.ts';
import type { Exit } from './worker-loss.ts';
import type { HeldMemory } from './worker-recycling.ts';
import type { FromWorker, Job, Steering, ToWorker, WorkerPlace, WorkerSetup } from './worker-protocol.ts';

export interface WorkerListener {
  /** `plain`: a line that native code or a node printed, not a message of the worker's own. */
  log(message: string, about: WorkerPlace & { readonly worker: number; readonly plain?: true }): void;
  event(event: RunEventBody): void;
  rows(report: RowsReport): void;
  saving(saving: boolean): void;
  /** The job's terminal event was sent before. */
  idle(held: HeldMemory): void;
  beat(beat: Beat): void;
  /** The process is gone. */
  exit(exit: Exit): void;
}
export interface WorkerHandle {
  readonly pid: number | undefined;
  /** Rejects with what kept the worker from starting, e.g. RUNTIME_NO_WEBGPU, or SERVER_WORKER_START; then no `exit` is told. */
  readonly ready: Promise<{ readonly provider: string; readonly description: string }>;
  perform(job: Job): void;
  cancel(): void;
  steer(how: Steering): void;
  /** Ends the process at once. */
  kill(): void;
}

/** How much of what a process wrote is kept for what is said of its end, characters. */
const LAST_WORDS = 8000;

export function startWorker(setup: WorkerSetup, beatMs: number, listener: WorkerListener): WorkerHandle {
  const { promise: ready, resolve, reject } = Promise.withResolvers<{ provider: string; description: string }>();
  const child = fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(setup), String(beatMs)], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc', 'pipe'],
    execArgv: [],
  });
  const send = (message: ToWorker) => {
    if (child.connected) child.send(message, () => {});
  };
  let isReady = false;
  let lastWords = '';
  for (const input of [child.stdout!, child.stderr!])
    createInterface({ input }).on('line', (line) => {
      listener.log(line, { worker: child.pid!, plain: true });
      lastWords = `${lastWords}${line}\n`.slice(-LAST_WORDS);
    });
  createInterface(child.stdio[BEAT_PIPE] as Readable).on('line', (line) => listener.beat(JSON.parse(line) as Beat));
  child.on('message', (message: FromWorker) => {
    switch (message.type) {
      case 'ready':
        isReady = true;
        resolve(message);
        break;
      case 'cannot_start':
        reject(problemError(message.problem));
        child.kill('SIGKILL');
        break;
      case 'log':
        listener.log(message.message, { ...message.at, worker: child.pid! });
        break;
      case 'event':
        listener.event(message.event);
        break;
      case 'rows':
        listener.rows(message);
        break;
      case 'saving':
        listener.saving(message.saving);
        break;
      case 'idle':
        listener.idle(message.held);
        break;
      default:
        message satisfies never;
    }
  });
  child.on('error', (cause) => reject(err.WORKER_START(cause.message)));
  // `close` comes after every message that the process still sent.
  child.on('close', (code, signal) => {
    if (isReady) listener.exit({ code, signal, lastWords });
    else reject(err.WORKER_START(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  return {
    pid: child.pid,
    ready,
    perform: (job) => send({ type: 'perform', job }),
    cancel: () => send({ type: 'cancel' }),
    steer: (how) => send({ type: 'steer', how }),
    kill: () => child.kill('SIGKILL'),
  };
}

const problemError = ({ code, message }: Problem): CodedError => new CodedError(code, message);
