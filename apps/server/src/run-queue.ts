// Runs in the order they came, one at a time, in a worker process that may die under them.
import { randomUUID } from 'node:crypto';
import { totalmem } from 'node:os';
import {
  isTerminal,
  messageOf,
  toProblem,
  type Graph,
  type Problem,
  type RunEvent,
  type RunEventBody,
  type RunSummary,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { storageError } from './database.ts';
import { err } from './errors.ts';
import type { RunStore } from './run-store.ts';
import { startWorker, type WorkerHandle } from './worker-handle.ts';
import type { Steering, WorkerSetup } from './worker-protocol.ts';

/** Every session that is opened leaves memory behind (about 2 MB in onnxruntime-node 1.30), so a worker above this is replaced between runs. */
const RECYCLE_ABOVE = Math.max(2 * 2 ** 30, totalmem() / 2);

/** How long a run in progress may take to keep its work when the server ends, ms. */
const LAST_WORK_MS = 2000;

/** How often the end of a run is written that found no room, ms. */
const END_AGAIN_MS = 5000;

export interface RunQueueOptions {
  readonly store: RunStore;
  readonly setup: WorkerSetup;
  readonly log: { info(message: string): void; warn(message: string): void; error(message: string): void };
  /** How long a cancelled run may take to stop by itself, ms; then the worker is ended. */
  readonly cancelGraceMs: number;
  onEvent(event: RunEvent): void;
  /** The list of runs, or the status of one, changed. */
  onChange(): void;
}
export interface RunQueue {
  /** Starts the worker and continues with what was queued when the server last stopped. Rejects with what keeps the worker from starting. */
  start(): Promise<{ readonly provider: string; readonly description: string }>;
  add(graph: Graph): RunSummary;
  /** A queued run ends at once, a running one between two steps or after the grace period; one that has ended stays as it is. */
  cancel(run: string): void;
  /** The node that a run works on; null when it is not at work. */
  nodeAtWork(run: string): string | null;
  /** Pauses a run at work, lets it go on, or has its node give what it has. Throws SERVER_NOT_AT_WORK. */
  steer(run: string, how: Steering): void;
  /** Of the latest worker; null before the first is ready. */
  provider(): string | null;
  /** Process id of the worker; null while there is none. */
  workerPid(): number | null;
  /** Takes nothing new; waits up to `graceMs` for the run in progress, then has it keep its work and ends it. */
  stop(graceMs: number): Promise<void>;
}

interface ActiveRun {
  readonly run: string;
  cancelled: boolean;
  node: string | null;
  /** A checkpoint is being written. */
  saving: boolean;
  /** Ends the worker when the run does not stop. */
  timer?: NodeJS.Timeout;
  /** Why its events could not be stored any more. */
  unstored?: Problem;
  readonly ended: () => void;
  readonly end: Promise<void>;
}

export function createRunQueue({ store, setup, log, cancelGraceMs, onEvent, onChange }: RunQueueOptions): RunQueue {
  let worker: WorkerHandle | undefined;
  let starting: Promise<WorkerHandle> | undefined;
  /** Which worker is ours; one that was dropped may still speak. */
  let generation = 0;
  let provider: string | null = null;
  let active: ActiveRun | undefined;
  let stopping = false;
  /** Runs that were taken up in the life of this process: one whose end could not be written down must not begin again and again. */
  const taken = new Set<string>();
  /** Ends of runs that found no room: without them these runs would seem to wait for ever. */
  const unwritten = new Map<string, RunEventBody>();
  let endAgain: NodeJS.Timeout | undefined;
  const writeEnds = (): void => {
    for (const [run, body] of unwritten) append(run, body);
    if (unwritten.size > 0) return;
    clearInterval(endAgain);
    endAgain = undefined;
  };

  /** Stores and tells an event. A run whose events cannot be stored is stopped, and marked when there is room again. */
  function append(run: string, body: RunEventBody): void {
    const mine = active?.run === run ? active : undefined;
    if (mine?.unstored) return;
    let event: RunEvent | null;
    try {
      event = store.append(run, body);
    } catch (cause) {
      const problem = toProblem(storageError(cause));
      if (!unwritten.has(run)) log.error(problem.message);
      if (!mine) {
        if (!isTerminal(body)) return;
        unwritten.set(run, body);
        endAgain ??= setInterval(writeEnds, END_AGAIN_MS).unref();
        return;
      }
      mine.unstored = problem;
      stopActive(mine);
      return;
    }
    unwritten.delete(run);
    if (!event) return;
    onEvent(event);
    if (['run_queued', 'run_started', 'run_paused', 'run_continued'].includes(event.type) || isTerminal(event)) onChange();
  }

  function obtainWorker(): Promise<WorkerHandle> {
    if (worker) return Promise.resolve(worker);
    if (starting) return starting;
    const mine = ++generation;
    starting = startWorker(setup, {
      log: (message) => log.info(message),
      event: (event) => {
        if (!active || mine !== generation) return;
        if (event.type === 'node_started') active.node = event.node;
        if (event.type === 'node_finished' || event.type === 'node_failed') active.node = null;
        // It was told to, because the server ends.
        if (event.type === 'run_cancelled' && !active.cancelled && stopping)
          return append(active.run, { type: 'run_failed', problems: [toProblem(err.STOPPED())] });
        append(active.run, event);
      },
      saving(saving) {
        if (active && mine === generation) active.saving = saving;
      },
      idle(memory) {
        if (mine !== generation) return;
        finish();
        if (memory > RECYCLE_ABOVE) {
          log.info(`worker holds ${Math.round(memory / 2 ** 20)} MB and is replaced`);
          dropWorker();
        }
        next();
      },
      exit(how) {
        if (mine !== generation) return;
        worker = undefined;
        if (active && !stopping) workerLost(active.run, active.cancelled, how);
        finish();
        next();
      },
    })
      .then((handle) => {
        worker = handle;
        provider = handle.provider;
        return handle;
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
  function workerLost(run: string, cancelled: boolean, how: string): void {
    if (cancelled) return append(run, { type: 'run_cancelled' });
    const problem = toProblem(err.WORKER_LOST(how));
    log.error(problem.message);
    append(run, { type: 'worker_lost', message: problem.message });
    append(run, { type: 'run_failed', problems: [problem] });
  }
  function stopActive(run: ActiveRun): void {
    if (run.timer || !worker) return;
    worker.cancel();
    const end = () => {
      // It has stopped, and writes down what it did.
      if (run.saving) {
        run.timer = setTimeout(end, cancelGraceMs);
        return;
      }
      log.warn('the run did not stop in time, so the worker is ended');
      worker?.kill();
    };
    run.timer = setTimeout(end, cancelGraceMs);
  }
  function finish(): void {
    const ended = active;
    active = undefined;
    clearTimeout(ended?.timer);
    if (ended?.unstored) append(ended.run, { type: 'run_failed', problems: [ended.unstored] });
    ended?.ended();
  }

  function next(): void {
    if (active || stopping) return;
    const first = store.withStatus('queued').find(({ id }) => !taken.has(id));
    if (!first) return;
    taken.add(first.id);
    const { promise: end, resolve: ended } = Promise.withResolvers<void>();
    const mine: ActiveRun = (active = { run: first.id, cancelled: false, node: null, saving: false, ended, end });
    const { graph } = store.get(first.id)!;
    obtainWorker().then(
      (handle) => {
        if (active !== mine) return;
        handle.run(first.id, graph);
      },
      (error: unknown) => {
        if (active !== mine) return;
        append(first.id, {
          type: 'run_failed',
          problems: [toProblem(error instanceof CodedError ? error : err.WORKER_START(messageOf(error)))],
        });
        finish();
        next();
      },
    );
  }

  return {
    async start() {
      // Whoever ran these is gone: the server holds the data folder alone.
      for (const { id } of [...store.withStatus('running'), ...store.withStatus('paused')])
        append(id, { type: 'run_failed', problems: [toProblem(err.STOPPED())] });
      const handle = await obtainWorker();
      next();
      return { provider: handle.provider, description: handle.description };
    },
    add(graph) {
      const { id } = store.create(randomUUID(), graph);
      append(id, { type: 'run_queued', name: graph.name });
      next();
      return store.get(id)!.run;
    },
    cancel(run) {
      if (active?.run !== run || !worker) {
        append(run, { type: 'run_cancelled' });
        // It was waiting for the worker to start.
        if (active?.run === run) {
          finish();
          next();
        }
        return;
      }
      active.cancelled = true;
      stopActive(active);
    },
    nodeAtWork: (run) => (active?.run === run ? active.node : null),
    steer(run, how) {
      if (active?.run !== run || !worker || active.cancelled)
        throw err.NOT_AT_WORK(run, active?.run === run ? 'about to end' : store.get(run)!.run.status);
      worker.steer(how);
    },
    provider: () => provider,
    workerPid: () => worker?.pid ?? null,
    async stop(graceMs) {
      stopping = true;
      const wait = async (run: ActiveRun, ms: number) => {
        let timer: NodeJS.Timeout | undefined;
        await Promise.race([
          run.end,
          new Promise((resolve) => {
            timer = setTimeout(resolve, ms);
          }),
        ]);
        clearTimeout(timer);
      };
      if (active && graceMs > 0) await wait(active, graceMs);
      if (active && worker) {
        worker.cancel();
        do await wait(active, LAST_WORK_MS);
        while (active?.saving);
      }
      if (active)
        append(active.run, active.cancelled ? { type: 'run_cancelled' } : { type: 'run_failed', problems: [toProblem(err.STOPPED())] });
      finish();
      writeEnds();
      clearInterval(endAgain);
      await starting?.catch(() => {});
      dropWorker();
    },
  };
}
