// Keeps one worker process for one device: gives it a job at a time, ends it when it does not obey, and starts another when it is gone. Knows nothing of what is stored.
import { setTimeout as sleep } from 'node:timers/promises';
import { durationText, messageOf, toProblem, type Problem, type RunEventBody } from '@facewright/core';
import { sizeText } from '@facewright/runtime';
import { CodedError } from '@facewright/tensor';
import type { RowsReport } from '../batch/run-rows.ts';
import { err } from '../errors.ts';
import type { Log } from '../observe/log.ts';
import type { LedgerEntry } from './memory-ledger.ts';
import { startWorker, type WorkerHandle } from './worker-handle.ts';
import type { Beat } from './worker-beat.ts';
import { lossOfCall, lossOfExit, lossOfSilence, outOfMemoryKills, type WorkerLoss } from './worker-loss.ts';
import { createRecycling, type RecyclingLimits } from './worker-recycling.ts';
import type { Job, Steering, WorkerSetup } from './worker-protocol.ts';

/** How long a job in progress may take to keep its work when the supervisor stops, ms. */
const LAST_WORK_MS = 2000;

export interface WorkerLimits extends RecyclingLimits {
  /** How often a worker gives a sign of life, ms. Default 1,000. */
  readonly beatMs: number;
  /** A process without a sign of life for this long is ended, ms. Default 30,000. */
  readonly silentMs: number;
  /** A worker that has not come back from a call for this long is ended, ms; a step of a large model on a CPU takes minutes. Default 15 minutes. */
  readonly hangMs: number;
}
const LIMITS: WorkerLimits = { beatMs: 1000, silentMs: 30_000, hangMs: 15 * 60_000, jobs: 1000, growth: 512 * 2 ** 20 };

/** A worker that ends before it is ready says nothing of the next, so it is started again: so often at once, then after longer and longer rests. One that tells why it cannot start is not. */
const QUICK_STARTS = 3;
const LONGEST_REST_MS = 60_000;

/** A call this long is told, ms, and again each time it has taken twice as long. */
const LONG_CALL_MS = 60_000;

/** Room in the memory that several workers share. */
export interface Admission {
  /** `tell` is told why the job waits, or that there may be too little. */
  enter(job: Job, tell: (message: string) => void): Promise<LedgerEntry>;
  /** What a job took: bytes that its worker had resident at most. */
  learn(job: Job, peak: number): void;
}
export interface SupervisorOptions {
  readonly setup: WorkerSetup;
  readonly log: Log;
  /** How long a cancelled job may take to stop by itself, ms; then the worker is ended. */
  readonly cancelGraceMs: number;
  /** A worker process is ready. */
  onReady?(): void;
  readonly limits?: Partial<WorkerLimits>;
  /** Default: every job has room. */
  readonly admission?: Admission;
}
export interface JobListener {
  event(event: RunEventBody): void;
  /** Of a job of rows, in place of events. */
  rows?(report: RowsReport): void;
}
export type JobEnd =
  /** Its terminal event was told before. */
  | { readonly type: 'done' }
  /** It ended without a terminal event: its worker ended, or did not give a sign of life, and was ended. The problem names the node at work. */
  | ({ readonly type: 'lost' } & WorkerLoss)
  /** It was cancelled, or the supervisor stopped, and it did not stop by itself. */
  | { readonly type: 'stopped' }
  /** No worker could be started. */
  | { readonly type: 'unstarted'; readonly problem: Problem };
/** How a worker is, for those who watch the server. */
export interface WorkerState {
  readonly busy: boolean;
  /** The node at work. */
  readonly node: string | null;
  /** For how long the worker has been inside one call, s; 0 when it answers. */
  readonly inCall: number;
  /** For how long the process has given no sign of life, s. */
  readonly silent: number;
  /** Resident bytes without weights that are read in place, at the last sign of life. */
  readonly memory: number | null;
}
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
  /** What the latest worker said of its device; null before the first is ready. */
  device(): string | null;
  /** What the last start of a worker came to when it was no ready one; null when jobs can be performed. */
  obstacle(): string | null;
  state(): WorkerState;
  /** Waits up to `graceMs` for the job in progress, then has it keep its work and ends it with its worker. Give it no job after that. */
  stop(graceMs: number): Promise<void>;
}

interface ActiveJob {
  readonly job: Job;
  readonly listener: JobListener;
  /** The worker was given it. */
  begun: boolean;
  entry?: LedgerEntry;
  /** Bytes that the worker had resident at most, at signs of life; 0 before the first. */
  peak: number;
  node: string | null;
  /** A checkpoint is being written. */
  saving: boolean;
  /** It was told to stop. */
  cancelled: boolean;
  /** Ends the worker when the job does not stop. */
  timer?: NodeJS.Timeout;
  readonly end: Promise<JobEnd>;
  readonly resolve: (end: JobEnd) => void;
}

export function createSupervisor({ setup, log, cancelGraceMs, limits, admission, onReady }: SupervisorOptions): Supervisor {
  const { beatMs, silentMs, hangMs, ...recyclingLimits } = { ...LIMITS, ...limits };
  let worker: WorkerHandle | undefined;
  /** Which worker is ours; one that was dropped may still speak. */
  let generation = 0;
  let provider: string | null = null;
  let device: string | null = null;
  let obstacle: string | null = 'a worker that is still starting';
  let stopped = false;
  let active: ActiveJob | undefined;
  let beat: Beat | undefined;
  /** Beats that were due since the last one: counted, so that a machine that slept has not missed them. */
  let missed = 0;
  let watch: NodeJS.Timeout | undefined;
  /** A call of this many beats is told next. */
  let tellAt = LONG_CALL_MS / beatMs;
  const seconds = (beats: number) => (beats * beatMs) / 1000;
  /** Rows tell no events. */
  const nodeAtWork = () => active && (active.node ?? beat?.node ?? null);
  const atTheEnd = () => ({ node: nodeAtWork() ?? null, beat });

  function obtainWorker(): WorkerHandle {
    if (worker) return worker;
    const mine = ++generation;
    const killsBefore = outOfMemoryKills();
    const recycling = createRecycling(recyclingLimits);
    worker = startWorker(setup, beatMs, {
      log: (message, { plain, ...about }) => log[plain ? 'warn' : 'info'](message, about),
      event(event) {
        if (!active || mine !== generation) return;
        if (event.type === 'node_started') active.node = event.node;
        if (event.type === 'node_finished' || event.type === 'node_failed') active.node = null;
        active.listener.event(event);
      },
      beat(now) {
        if (mine === generation) onBeat(now);
      },
      rows(report) {
        if (!active || mine !== generation) return;
        active.node = report.activity?.node ?? null;
        active.listener.rows?.(report);
      },
      saving(saving) {
        if (active && mine === generation) active.saving = saving;
      },
      idle(held) {
        if (mine !== generation) return;
        const why = recycling.after(held);
        if (why !== null) {
          log.info(`worker ${why} and is replaced`);
          dropWorker();
        }
        finish({ type: 'done' });
      },
      exit(exit) {
        if (mine === generation) lose(lossOfExit(exit, atTheEnd(), killsBefore));
      },
    });
    worker.ready.then(
      (told) => {
        if (mine !== generation) return;
        provider = told.provider;
        device = told.description;
        obstacle = null;
        onReady?.();
        watch = setInterval(() => {
          if (++missed * beatMs >= silentMs) lose(lossOfSilence(seconds(missed), atTheEnd()));
        }, beatMs).unref();
      },
      (cause: unknown) => {
        obstacle = messageOf(cause);
        if (mine === generation) dropWorker();
      },
    );
    return worker;
  }
  /** Starts workers until one is ready or nobody wants it any more. */
  async function readyWorker(isWanted: (failures: number) => boolean): Promise<WorkerHandle> {
    for (let failures = 1; ; failures++) {
      const handle = obtainWorker();
      try {
        await handle.ready;
        return handle;
      } catch (error) {
        const mayBeLuck = error instanceof CodedError && error.code === 'SERVER_WORKER_START';
        if (!mayBeLuck || !isWanted(failures)) throw error;
        log.warn(`${error.message}; it is started again`);
        if (failures > QUICK_STARTS)
          await sleep(Math.min(LONGEST_REST_MS, 1000 * 2 ** (failures - QUICK_STARTS)), undefined, { ref: false });
        if (!isWanted(failures)) throw error;
      }
    }
  }
  function onBeat(now: Beat): void {
    beat = now;
    missed = 0;
    if (active?.begun) active.peak = Math.max(active.peak, now.memory + now.mapped);
    if (now.still * beatMs >= hangMs) return lose(lossOfCall(seconds(now.still), atTheEnd()));
    if (now.still < tellAt) {
      if (now.still === 0) tellAt = LONG_CALL_MS / beatMs;
      return;
    }
    tellAt *= 2;
    if (active && active.node !== null)
      active.listener.event({
        type: 'node_log',
        node: active.node,
        level: 'info',
        message: `inside one call for ${durationText(seconds(now.still))}; the worker is alive and holds ${sizeText(now.memory)}`,
      });
  }
  /** The worker has ended, or nothing can be expected of it any more. */
  function lose(loss: WorkerLoss): void {
    dropWorker();
    if (!active?.cancelled) log.error(loss.problem.message);
    finish(active?.cancelled ? { type: 'stopped' } : { type: 'lost', ...loss });
  }
  function dropWorker(): void {
    generation++;
    worker?.kill();
    worker = undefined;
    clearInterval(watch);
    watch = beat = undefined;
    missed = 0;
  }
  function finish(end: JobEnd): void {
    const ended = active;
    active = undefined;
    if (!ended) return;
    clearTimeout(ended.timer);
    ended.entry?.leave();
    if (ended.peak > 0) admission?.learn(ended.job, ended.peak);
    ended.resolve(end);
  }

  async function room(mine: ActiveJob): Promise<void> {
    const entry = await admission?.enter(mine.job, (message) => {
      if (active === mine) mine.listener.event({ type: 'run_notice', message });
    });
    if (active !== mine) return entry?.leave();
    if (entry) mine.entry = entry;
    await entry?.room;
  }

  return {
    start: async () => (await readyWorker((failures) => failures < QUICK_STARTS && !stopped)).ready,
    perform(job, listener) {
      const { promise: end, resolve } = Promise.withResolvers<JobEnd>();
      const mine: ActiveJob = (active = {
        job,
        listener,
        begun: false,
        node: null,
        peak: 0,
        saving: false,
        cancelled: false,
        end,
        resolve,
      });
      // Work that waits for a worker is not failed for its sake: the machine may be short of something for a while.
      Promise.all([readyWorker(() => active === mine), room(mine)]).then(
        ([handle]) => {
          if (active !== mine) return;
          mine.begun = true;
          handle.perform(job);
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
      if (!worker || !job.begun) return finish({ type: 'stopped' });
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
      if (!worker || !active?.begun || active.cancelled) return false;
      worker.steer(how);
      return true;
    },
    pid: () => worker?.pid ?? null,
    provider: () => provider,
    device: () => device,
    obstacle: () => obstacle,
    state: () => ({
      busy: active !== undefined,
      node: nodeAtWork() ?? null,
      inCall: seconds(beat?.still ?? 0),
      silent: seconds(missed),
      memory: beat?.memory ?? null,
    }),
    async stop(graceMs) {
      stopped = true;
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
      if (worker && active?.begun) {
        active.cancelled = true;
        worker.cancel();
        do await wait(active, LAST_WORK_MS);
        while (active?.saving);
      }
      finish({ type: 'stopped' });
      dropWorker();
    },
  };
}
