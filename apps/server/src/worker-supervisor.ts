// Keeps one worker process for one device: gives it a job at a time, ends it when it does not obey, and starts another when it is gone. Knows nothing of what is stored.
import { totalmem } from 'node:os';
import { messageOf, toProblem, type Problem, type RunEventBody } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import type { Log } from './observe/log.ts';
import { startWorker, type WorkerHandle } from './worker-handle.ts';
import type { Job, Steering, WorkerSetup } from './worker-protocol.ts';

/** Every session that is opened leaves memory behind (about 2 MB in onnxruntime-node 1.30), so a worker above this is replaced between jobs. */
const RECYCLE_ABOVE = Math.max(2 * 2 ** 30, totalmem() / 2);

/** How long a job in progress may take to keep its work when the supervisor stops, ms. */
const LAST_WORK_MS = 2000;

export interface SupervisorOptions {
  readonly setup: WorkerSetup;
  readonly log: Log;
  /** How long a cancelled job may take to stop by itself, ms; then the worker is ended. */
  readonly cancelGraceMs: number;
  /** A worker process is ready. */
  onReady?(): void;
}
export interface JobListener {
  event(event: RunEventBody): void;
}
export type JobEnd =
  /** Its terminal event was told before. */
  | { readonly type: 'done' }
  /** It ended without a terminal event; `how` says in words what happened. `stopped`: it was cancelled or the supervisor stopped, and it did not stop by itself. */
  | { readonly type: 'lost'; readonly why: 'crash' | 'stopped'; readonly how: string }
  /** No worker could be started. */
  | { readonly type: 'unstarted'; readonly problem: Problem };
export interface Supervisor {
  /** Starts the worker. Rejects with what keeps it from starting, e.g. RUNTIME_NO_WEBGPU, or SERVER_WORKER_START. */
  start(): Promise<{ readonly provider: string; readonly description: string }>;
  /** One job at a time, with a worker started when there is none. Never rejects; nothing is told to the listener after it resolves. */
  perform(job: Job, listener: JobListener): Promise<JobEnd>;
  /** Stops the job between two steps, or with its worker after the grace period. */
  cancel(): void;
  /** Pauses the job, lets it go on, or has its node give what it has. False when none is at work. */
  steer(how: Steering): boolean;
  /** Process id of the worker; null while there is none. */
  pid(): number | null;
  /** Of the latest worker; null before the first is ready. */
  provider(): string | null;
  /** What the last start of a worker came to when it was no ready one; null when jobs can be performed. */
  obstacle(): string | null;
  /** Waits up to `graceMs` for the job in progress, then has it keep its work and ends it with its worker. Give it no job after that. */
  stop(graceMs: number): Promise<void>;
}

interface ActiveJob {
  readonly listener: JobListener;
  /** A checkpoint is being written. */
  saving: boolean;
  /** It was told to stop. */
  cancelled: boolean;
  /** Ends the worker when the job does not stop. */
  timer?: NodeJS.Timeout;
  readonly end: Promise<JobEnd>;
  readonly resolve: (end: JobEnd) => void;
}

export function createSupervisor({ setup, log, cancelGraceMs, onReady }: SupervisorOptions): Supervisor {
  let worker: WorkerHandle | undefined;
  let starting: Promise<WorkerHandle> | undefined;
  /** Which worker is ours; one that was dropped may still speak. */
  let generation = 0;
  let provider: string | null = null;
  let obstacle: string | null = 'a worker that is still starting';
  let active: ActiveJob | undefined;

  function obtainWorker(): Promise<WorkerHandle> {
    if (worker) return Promise.resolve(worker);
    if (starting) return starting;
    const mine = ++generation;
    starting = startWorker(setup, {
      log: (message, { plain, ...about }) => log[plain ? 'warn' : 'info'](message, about),
      event(event) {
        if (mine === generation) active?.listener.event(event);
      },
      saving(saving) {
        if (active && mine === generation) active.saving = saving;
      },
      idle(memory) {
        if (mine !== generation) return;
        if (memory > RECYCLE_ABOVE) {
          log.info(`worker holds ${Math.round(memory / 2 ** 20)} MB and is replaced`);
          dropWorker();
        }
        finish({ type: 'done' });
      },
      exit(how) {
        if (mine !== generation) return;
        worker = undefined;
        finish({ type: 'lost', why: active?.cancelled ? 'stopped' : 'crash', how });
      },
    })
      .then((handle) => {
        worker = handle;
        provider = handle.provider;
        obstacle = null;
        onReady?.();
        return handle;
      })
      .catch((cause: unknown) => {
        obstacle = messageOf(cause);
        throw cause;
      })
      .finally(() => {
        starting = undefined;
      });
    return starting;
  }
  function dropWorker(): void {
    generation++;
    worker?.kill();
    worker = undefined;
  }
  function finish(end: JobEnd): void {
    const ended = active;
    active = undefined;
    clearTimeout(ended?.timer);
    ended?.resolve(end);
  }

  return {
    start: obtainWorker,
    perform(job, listener) {
      const { promise: end, resolve } = Promise.withResolvers<JobEnd>();
      const mine: ActiveJob = (active = { listener, saving: false, cancelled: false, end, resolve });
      obtainWorker().then(
        (handle) => {
          if (active === mine) handle.perform(job);
        },
        (error: unknown) => {
          if (active === mine)
            finish({ type: 'unstarted', problem: toProblem(error instanceof CodedError ? error : err.WORKER_START(messageOf(error))) });
        },
      );
      return end;
    },
    cancel() {
      const job = active;
      if (!job || job.cancelled) return;
      job.cancelled = true;
      if (!worker) return finish({ type: 'lost', why: 'stopped', how: 'cancelled before the worker had started' });
      worker.cancel();
      const end = () => {
        // It has stopped, and writes down what it did.
        if (job.saving) {
          job.timer = setTimeout(end, cancelGraceMs);
          return;
        }
        log.warn('the run did not stop in time, so the worker is ended');
        worker?.kill();
      };
      job.timer = setTimeout(end, cancelGraceMs);
    },
    steer(how) {
      if (!active || !worker || active.cancelled) return false;
      worker.steer(how);
      return true;
    },
    pid: () => worker?.pid ?? null,
    provider: () => provider,
    obstacle: () => obstacle,
    async stop(graceMs) {
      const wait = async (job: ActiveJob, ms: number) => {
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([
          job.end,
          new Promise((resolve) => {
            timer = setTimeout(resolve, ms);
          }),
        ]);
        clearTimeout(timer);
      };
      if (active && graceMs > 0) await wait(active, graceMs);
      if (active && worker) {
        active.cancelled = true;
        worker.cancel();
        do await wait(active, LAST_WORK_MS);
        while (active?.saving);
      }
      finish({ type: 'lost', why: 'stopped', how: 'the worker was stopped' });
      await starting?.catch(() => {});
      dropWorker();
    },
  };
}
