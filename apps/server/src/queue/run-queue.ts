// The queue of runs: what waits, what is at work, what of it was interrupted. A source of jobs for the workers.
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { isTerminal, toProblem, type Problem, type RunEvent, type RunEventBody, type RunProgress, type RunSummary } from '@facewright/core';
import { storageError } from '../data/database.ts';
import type { Dispatcher, JobSource } from './dispatcher.ts';
import { err } from '../errors.ts';
import { gotFurther } from './got-further.ts';
import { createProgress, type Progress } from './run-progress.ts';
import type { RunFilter, RunStore, Submission, Turn } from './run-store.ts';
import type { Steering } from '../workers/worker-protocol.ts';
import type { JobEnd, Supervisor } from '../workers/worker-supervisor.ts';

/** How often it is tried again to write what found no room, ms. */
const WRITE_AGAIN_MS = 5000;

/** How often a run is begun that never gets further than before. */
const MOST_ATTEMPTS = 3;

export interface RunQueueOptions {
  readonly store: RunStore;
  readonly dispatcher: Dispatcher;
  readonly log: { error(message: string): void };
  onEvent(event: RunEvent): void;
  /** Something in the list of runs, or how far one is, changed. */
  onChange(): void;
}
/** Where to move a run: beside another that waits, before or behind all of its priority, to another priority. */
export type Move =
  { readonly before: string } | { readonly after: string } | { readonly to: 'front' | 'back' } | { readonly priority: number };

export interface RunQueue extends JobSource {
  /** Takes up what was at work when the server last ended. Before anything begins. */
  recover(): void;
  /** `isNew`: false when there was a run of this key already. Throws SERVER_KEY_TAKEN when that was of another graph. */
  add(submission: Submission): { readonly run: RunSummary; readonly isNew: boolean };
  /** A queued run ends at once, a running one between two steps or after the grace period; one that has ended stays as it is. */
  cancel(run: string): void;
  /** Those that have not ended; gives their ids. */
  cancelAll(filter: RunFilter): string[];
  /** A new run of the same graph; what the old one finished is in the store. Throws SERVER_NOT_ENDED. */
  retry(run: string): RunSummary;
  /** Throws SERVER_NOT_WAITING, also about the run that it is to stand beside. */
  move(run: string, to: Move): void;
  /** Nothing new begins until it goes on, also after a restart. */
  pause(paused: boolean): void;
  /** The node that a run works on; null when it is not at work. */
  nodeAtWork(run: string): string | null;
  /** Pauses a run at work, lets it go on, or has its node give what it has. Throws SERVER_NOT_AT_WORK. */
  steer(run: string, how: Steering): void;
  /** How far the runs at work are, by id. */
  progress(): Readonly<Record<string, RunProgress>>;
  /** What found no room is written now or never; after the dispatcher has stopped. */
  close(): void;
}

/** What interrupted a run, and at which node. */
type Cause = Pick<Problem, 'message' | 'node'>;
interface ActiveRun {
  readonly run: string;
  readonly supervisor: Supervisor;
  readonly progress: Progress;
  cancelled: boolean;
  /** Why its events could not be stored any more. */
  unstored?: Problem;
}

export function createRunQueue({ store, dispatcher, log, onEvent, onChange }: RunQueueOptions): RunQueue {
  const active = new Map<string, ActiveRun>();
  /** Ends of runs that found no room: without them these runs would seem to wait for ever. */
  const unwritten = new Map<string, RunEventBody>();
  /** Nothing begins while nothing can be written down. */
  let noRoom = false;
  let again: NodeJS.Timeout | undefined;

  function writeAgain(): void {
    noRoom = false;
    for (const [run, body] of unwritten) append(run, body);
    if (noRoom) return;
    clearInterval(again);
    again = undefined;
    dispatcher.wake();
  }
  function noteNoRoom(cause: unknown): Problem {
    const problem = toProblem(storageError(cause));
    if (!again) log.error(problem.message);
    noRoom = true;
    again ??= setInterval(writeAgain, WRITE_AGAIN_MS).unref();
    return problem;
  }

  /** False when there was no room. */
  function wrote(write: () => void): boolean {
    try {
      write();
      return true;
    } catch (cause) {
      noteNoRoom(cause);
      return false;
    }
  }

  /** Stores and tells an event. A run whose events cannot be stored is stopped, and marked when there is room again. */
  function append(run: string, body: RunEventBody): void {
    const mine = active.get(run);
    if (mine?.unstored) return;
    let event: RunEvent | null;
    try {
      event = store.append(run, body);
    } catch (cause) {
      const problem = noteNoRoom(cause);
      if (mine) {
        mine.unstored = problem;
        mine.supervisor.cancel();
      } else if (isTerminal(body)) unwritten.set(run, body);
      return;
    }
    unwritten.delete(run);
    if (!event) return;
    mine?.progress.take(event);
    onEvent(event);
    onChange();
  }

  function tell(mine: ActiveRun, event: RunEventBody): void {
    // It was told to, because the server ends.
    if (event.type === 'run_cancelled' && !mine.cancelled && dispatcher.stopping) return interrupt(mine.run, err.STOPPED(), false);
    append(mine.run, event);
  }
  /** Puts a run into the queue again, or ends it when it has been begun often enough. `counts`: the attempt may be what brought it down. */
  function interrupt(run: string, why: Cause, counts: boolean): void {
    if (!counts || gotFurther(store.each(run))) wrote(() => store.forgive(run));
    if (store.find(run)!.attempts >= MOST_ATTEMPTS) giveUp(run, why);
    else {
      // Before what was put first while it was at work.
      wrote(() => store.move(run, { place: -store.count() }));
      append(run, { type: 'run_interrupted', message: why.message });
    }
  }
  const giveUp = (run: string, { message, node }: Cause): void =>
    append(run, { type: 'run_failed', problems: [toProblem(err.GIVEN_UP(MOST_ATTEMPTS, message), node === undefined ? {} : { node })] });

  /** Writes down how a run ended that did not tell it. */
  function conclude({ run, cancelled }: ActiveRun, end: JobEnd): void {
    if (end.type === 'done') return;
    if (cancelled) return append(run, { type: 'run_cancelled' });
    if (end.type === 'unstarted') return append(run, { type: 'run_failed', problems: [end.problem] });
    if (end.type === 'stopped') return interrupt(run, err.STOPPED(), false);
    append(run, { type: 'worker_lost', message: end.problem.message });
    interrupt(run, end.problem, true);
  }

  function checkWaits(run: string): void {
    const { status } = store.find(run)!;
    if (status !== 'queued' || active.has(run)) throw err.NOT_WAITING(run, active.has(run) ? 'at work' : status);
  }
  function turnOf(to: Move): Partial<Turn> {
    if ('to' in to) return { place: store.count() * (to.to === 'front' ? -1 : 1) };
    if ('priority' in to) return { priority: to.priority };
    const [side, other] = 'before' in to ? (['before', to.before] as const) : (['after', to.after] as const);
    checkWaits(other);
    return store.beside(other, side);
  }

  return {
    recover() {
      // Whoever ran these is gone: the server holds the data folder alone.
      for (const { id, cancelling } of store.atWork().reverse())
        if (cancelling) append(id, { type: 'run_cancelled' });
        else interrupt(id, err.STOPPED(), true);
    },
    add(submission) {
      const { graph, key, targets } = submission;
      const known = key === undefined ? null : store.ofKey(key);
      if (known) {
        if (!isDeepStrictEqual([known.graph, known.targets], [JSON.parse(JSON.stringify(graph)), targets]))
          throw err.KEY_TAKEN(key!, `run ${known.run.id}`);
        return { run: known.run, isNew: false };
      }
      const { id } = store.create(randomUUID(), submission);
      append(id, { type: 'run_queued', name: graph.name });
      dispatcher.wake();
      return { run: store.find(id)!, isNew: true };
    },
    cancel(run) {
      const mine = active.get(run);
      if (!mine) return append(run, { type: 'run_cancelled' });
      mine.cancelled = true;
      mine.supervisor.cancel();
      store.cancelling(run);
      onChange();
    },
    cancelAll(filter) {
      const open = ['queued', 'running', 'paused'] as const;
      const statuses = filter.statuses?.filter((status) => (open as readonly string[]).includes(status)) ?? open;
      const found = store.list(-1, { ...filter, statuses });
      for (const { id } of found) this.cancel(id);
      return found.map(({ id }) => id);
    },
    retry(run) {
      const { run: old, graph, targets } = store.get(run)!;
      if (old.finished === null) throw err.NOT_ENDED(run, old.status);
      return this.add({ graph, targets, priority: old.priority, retryOf: run }).run;
    },
    move(run, to) {
      checkWaits(run);
      store.move(run, turnOf(to));
      onChange();
    },
    pause(paused) {
      store.pause(paused);
      onChange();
      dispatcher.wake();
    },
    nodeAtWork: (run) => active.get(run)?.progress.now().node ?? null,
    steer(run, how) {
      const mine = active.get(run);
      if (!mine || mine.cancelled || !mine.supervisor.steer(how))
        throw err.NOT_AT_WORK(run, mine ? 'about to end' : store.find(run)!.status);
    },
    progress: () => Object.fromEntries([...active].map(([run, { progress }]) => [run, progress.now()])),
    peek: () => (noRoom ? null : store.first(new Set(active.keys()))),
    async take(supervisor) {
      const first = store.first(new Set(active.keys()));
      if (!first) return;
      const { id, attempts } = first;
      // The server ended each time before the run could say that it had begun.
      if (attempts >= MOST_ATTEMPTS) return giveUp(id, err.STOPPED());
      if (!wrote(() => store.begin(id))) return;
      const mine: ActiveRun = { run: id, supervisor, progress: createProgress(), cancelled: false };
      active.set(id, mine);
      const { graph, targets } = store.get(id)!;
      const job = { type: 'run', run: id, graph, ...(targets && { targets }) } as const;
      const end = await supervisor.perform(job, { event: (event) => tell(mine, event) });
      conclude(mine, end);
      active.delete(id);
      if (mine.unstored) append(id, { type: 'run_failed', problems: [mine.unstored] });
    },
    close() {
      writeAgain();
      clearInterval(again);
    },
  };
}
