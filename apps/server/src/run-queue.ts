// Runs in the order they came, each a job of the first worker that is free.
import { randomUUID } from 'node:crypto';
import { isTerminal, toProblem, type Graph, type Problem, type RunEvent, type RunEventBody, type RunSummary } from '@facewright/core';
import { storageError } from './database.ts';
import { err } from './errors.ts';
import type { RunStore } from './run-store.ts';
import type { Steering } from './worker-protocol.ts';
import type { JobEnd, Supervisor } from './worker-supervisor.ts';

/** How often the end of a run is written that found no room, ms. */
const END_AGAIN_MS = 5000;

export interface RunQueueOptions {
  readonly store: RunStore;
  /** Of one worker each. */
  readonly supervisors: readonly Supervisor[];
  readonly log: { error(message: string): void };
  onEvent(event: RunEvent): void;
  /** The list of runs, or the status of one, changed. */
  onChange(): void;
}
export interface RunQueue {
  /** Starts the workers and continues with what was queued when the server last stopped. Rejects with what keeps a worker from starting. */
  start(): Promise<void>;
  add(graph: Graph): RunSummary;
  /** A queued run ends at once, a running one between two steps or after the grace period; one that has ended stays as it is. */
  cancel(run: string): void;
  /** The node that a run works on; null when it is not at work. */
  nodeAtWork(run: string): string | null;
  /** Pauses a run at work, lets it go on, or has its node give what it has. Throws SERVER_NOT_AT_WORK. */
  steer(run: string, how: Steering): void;
  /** Takes nothing new; waits up to `graceMs` for the runs in progress, then has them keep their work and ends them. */
  stop(graceMs: number): Promise<void>;
}

interface ActiveRun {
  readonly run: string;
  readonly supervisor: Supervisor;
  cancelled: boolean;
  node: string | null;
  /** Why its events could not be stored any more. */
  unstored?: Problem;
}

export function createRunQueue({ store, supervisors, log, onEvent, onChange }: RunQueueOptions): RunQueue {
  const active = new Map<string, ActiveRun>();
  /** Ends of the jobs that were given out, by worker. */
  const working = new Map<Supervisor, Promise<void>>();
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
    const mine = active.get(run);
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
      mine.supervisor.cancel();
      return;
    }
    unwritten.delete(run);
    if (!event) return;
    onEvent(event);
    if (['run_queued', 'run_started', 'run_paused', 'run_continued'].includes(event.type) || isTerminal(event)) onChange();
  }

  function tell(run: ActiveRun, event: RunEventBody): void {
    if (event.type === 'node_started') run.node = event.node;
    if (event.type === 'node_finished' || event.type === 'node_failed') run.node = null;
    // It was told to, because the server ends.
    if (event.type === 'run_cancelled' && !run.cancelled && stopping)
      return append(run.run, { type: 'run_failed', problems: [toProblem(err.STOPPED())] });
    append(run.run, event);
  }
  /** Writes down the end of a run that did not tell it. */
  function conclude({ run, cancelled }: ActiveRun, end: JobEnd): void {
    if (end.type === 'done') return;
    if (cancelled) return append(run, { type: 'run_cancelled' });
    if (end.type === 'unstarted') return append(run, { type: 'run_failed', problems: [end.problem] });
    if (end.why === 'stopped') return append(run, { type: 'run_failed', problems: [toProblem(err.STOPPED())] });
    const problem = toProblem(err.WORKER_LOST(end.how));
    log.error(problem.message);
    append(run, { type: 'worker_lost', message: problem.message });
    append(run, { type: 'run_failed', problems: [problem] });
  }

  function next(): void {
    if (stopping) return;
    for (const supervisor of supervisors) {
      if (working.has(supervisor)) continue;
      const first = store.withStatus('queued').find(({ id }) => !taken.has(id));
      if (!first) return;
      taken.add(first.id);
      working.set(supervisor, perform(first.id, supervisor));
    }
  }
  async function perform(run: string, supervisor: Supervisor): Promise<void> {
    const mine: ActiveRun = { run, supervisor, cancelled: false, node: null };
    active.set(run, mine);
    const { graph } = store.get(run)!;
    conclude(mine, await supervisor.perform({ type: 'run', run, graph }, { event: (event) => tell(mine, event) }));
    active.delete(run);
    if (mine.unstored) append(run, { type: 'run_failed', problems: [mine.unstored] });
    working.delete(supervisor);
    next();
  }

  return {
    async start() {
      // Whoever ran these is gone: the server holds the data folder alone.
      for (const { id } of [...store.withStatus('running'), ...store.withStatus('paused')])
        append(id, { type: 'run_failed', problems: [toProblem(err.STOPPED())] });
      await Promise.all(supervisors.map((supervisor) => supervisor.start()));
      next();
    },
    add(graph) {
      const { id } = store.create(randomUUID(), graph);
      append(id, { type: 'run_queued', name: graph.name });
      next();
      return store.get(id)!.run;
    },
    cancel(run) {
      const mine = active.get(run);
      if (!mine) return append(run, { type: 'run_cancelled' });
      mine.cancelled = true;
      mine.supervisor.cancel();
    },
    nodeAtWork: (run) => active.get(run)?.node ?? null,
    steer(run, how) {
      const mine = active.get(run);
      if (!mine || mine.cancelled || !mine.supervisor.steer(how))
        throw err.NOT_AT_WORK(run, mine ? 'about to end' : store.get(run)!.run.status);
    },
    async stop(graceMs) {
      stopping = true;
      await Promise.all(supervisors.map((supervisor) => supervisor.stop(graceMs)));
      await Promise.all(working.values());
      writeEnds();
      clearInterval(endAgain);
    },
  };
}
