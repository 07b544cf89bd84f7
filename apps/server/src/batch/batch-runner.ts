// Batches as a source of jobs: a few rows at a time, so that a run goes between two of them and that a pause is soon obeyed.
import { toProblem, type BatchActivity, type BatchEvent, type BatchEventBody, type BatchStatus } from '@facewright/core';
import { storageError } from '../data/database.ts';
import type { JobSource } from '../queue/dispatcher.ts';
import { err } from '../errors.ts';
import type { EndedRows } from '../observe/batch-sink.ts';
import type { Supervisor } from '../workers/worker-supervisor.ts';
import type { BatchStore, StoredBatch } from './batch-store.ts';
import type { RowResult } from './row-records.ts';
import { RowRanges, type Stretch } from './row-ranges.ts';

/** How long a job should take, seconds: a run that comes waits for it, and each costs a message to the worker and back. */
const JOB_SECONDS = 0.25;
const MOST_ROWS = 1000;
/** A row that takes the worker with it so often is what does it. */
const MOST_CRASHES = 3;
/** The rate is that of the last rows within this time, ms. */
const WINDOW_MS = 60_000;
const WINDOW_ROWS = 200;
/** Progress is written down at every hundredth and so often, ms. */
const PROGRESS_MS = 60_000;
/** How soon a batch goes on that found no room on the disk, ms. */
const ROOM_AGAIN_MS = 5000;

export interface BatchRunnerOptions {
  readonly store: BatchStore;
  /** A batch has something to do again. */
  wake(): void;
  /** The server ends: what is cut off is no failure. */
  stopping(): boolean;
  readonly log: { error(message: string): void };
  /** Batches that are worked on here. */
  concerns(batch: string): boolean;
  onEvent(event: BatchEvent): void;
  /** A worker has done what it was given, or part of it. */
  onRows(rows: EndedRows): void;
  /** Counts, time left or activity of a batch changed. */
  onChange(batch: string): void;
}
export interface BatchRunner extends JobSource {
  /** Puts batches that were at work when the server ended back into the queue. */
  recover(): void;
  tell(batch: string, body: BatchEventBody): void;
  /** There is more to do of a batch: rows were added, or are to be run again. */
  moreRows(batch: string, rows: readonly Stretch[]): void;
  /** Ends the rows at work; they are run again when the batch goes on. */
  interrupt(batch: string): void;
  secondsLeft(batch: StoredBatch): number | null;
  activity(batch: string): BatchActivity | null;
}

/** A batch that is worked on. */
interface Active {
  readonly todo: RowRanges;
  /** Workers at its rows. */
  readonly workers: Set<Supervisor>;
  /** Rows that were at work when a worker died, and how often alone. */
  readonly suspects: Map<number, number>;
  /** Ends of rows, newest last: when, ms, and how many until then. */
  ended: { readonly at: number; readonly rows: number }[];
  rows: number;
  secondsPerRow: number | null;
  activity: BatchActivity | null;
  told: { readonly at: number; readonly rows: number };
}

export function createBatchRunner({ store, wake, stopping, log, concerns, onEvent, onRows, onChange }: BatchRunnerOptions): BatchRunner {
  const active = new Map<string, Active>();
  /** Until when nothing begins, because nothing can be written. */
  let blocked: NodeJS.Timeout | undefined;

  const tell = (batch: string, body: BatchEventBody): void => {
    onEvent(store.append(batch, body));
    onChange(batch);
  };
  function activate({ summary: { id, count } }: StoredBatch): Active {
    const known = active.get(id);
    if (known) return known;
    const fresh: Active = {
      todo: RowRanges.without(count, store.ranRows(id)),
      workers: new Set(),
      suspects: new Map(),
      ended: [],
      rows: 0,
      secondsPerRow: null,
      activity: null,
      told: { at: Date.now(), rows: 0 },
    };
    active.set(id, fresh);
    return fresh;
  }
  /** The first batch with a row that nobody works on. */
  const next = (): StoredBatch | undefined =>
    blocked ? undefined : store.open().find((batch) => concerns(batch.summary.id) && !activate(batch).todo.empty);

  /** A disk without room stops the work, not the batch. */
  function guarded(work: () => void): boolean {
    try {
      work();
      return true;
    } catch (cause) {
      waitForRoom(storageError(cause).message);
      return false;
    }
  }
  function waitForRoom(why: string): void {
    log.error(why);
    blocked ??= setTimeout(() => {
      blocked = undefined;
      wake();
    }, ROOM_AGAIN_MS).unref();
  }

  function record(id: string, mine: Active, results: readonly RowResult[]): boolean {
    if (!guarded(() => store.record(id, results))) return false;
    const now = Date.now();
    mine.rows += results.length;
    mine.ended.push({ at: now, rows: mine.rows });
    while (mine.ended.length > 2 && (now - mine.ended[0]!.at > WINDOW_MS || mine.rows - mine.ended[1]!.rows > WINDOW_ROWS))
      mine.ended.shift();
    const seconds = results.reduce((sum, result) => sum + result.seconds, 0) / results.length;
    // Stored results come in a moment: the next job must not be large because of them.
    mine.secondsPerRow = mine.secondsPerRow === null ? seconds : Math.max(seconds, (mine.secondsPerRow + seconds) / 2);
    for (const { row } of results) mine.suspects.delete(row);
    onChange(id);
    return true;
  }
  /** Whether the batch ends with what is recorded, or has come so far that it is written down. */
  function conclude(id: string, mine: Active): void {
    const batch = store.get(id);
    const { status, done, failed, count } = batch.summary;
    // The last row of a batch that was paused ends it all the same.
    if (!isOpen(status) && status !== 'paused') return;
    const { stopAfterErrors, forgiven } = batch;
    if (stopAfterErrors !== null && failed - forgiven >= stopAfterErrors) return end(id, { type: 'batch_stopped', failed });
    if (done + failed === count) return end(id, { type: 'batch_finished', done, failed });
    if (mine.rows - mine.told.rows < count / 100 && Date.now() - mine.told.at < PROGRESS_MS) return;
    if (mine.rows === mine.told.rows) return;
    mine.told = { at: Date.now(), rows: mine.rows };
    tell(id, { type: 'batch_progress', done, failed, secondsLeft: secondsLeft(batch) });
  }
  function end(id: string, body: BatchEventBody): void {
    tell(id, body);
    forget(id);
  }
  function forget(id: string): void {
    for (const worker of active.get(id)?.workers ?? []) worker.cancel();
    active.delete(id);
  }

  function secondsLeft({ summary: { id, status, count, done, failed }, seconds }: StoredBatch): number | null {
    const mine = active.get(id);
    if (status !== 'running') return null;
    const left = count - done - failed;
    const [first, last] = [mine?.ended[0], mine?.ended.at(-1)];
    if (first && last && last.rows > first.rows) return (left * (last.at - first.at)) / 1000 / (last.rows - first.rows);
    return done + failed > 0 ? (left * seconds) / (done + failed) : null;
  }

  async function take(supervisor: Supervisor): Promise<void> {
    const batch = next();
    if (!batch) return;
    const { id, status } = batch.summary;
    const mine = activate(batch);
    const wanted = mine.secondsPerRow === null ? 1 : Math.ceil(JOB_SECONDS / Math.max(mine.secondsPerRow, 1e-6));
    const rows = mine.todo.take(mine.suspects.size > 0 ? 1 : Math.min(MOST_ROWS, wanted));
    const left = new Set(rows);
    const putBack = () => left.forEach((row) => mine.todo.put(row));
    if (status === 'queued' && !guarded(() => tell(id, { type: 'batch_started' }))) return putBack();
    mine.workers.add(supervisor);
    const { stopAfterErrors, forgiven, graph } = batch;
    const job = {
      type: 'rows',
      batch: id,
      graph,
      mostErrors: stopAfterErrors === null ? null : Math.max(1, stopAfterErrors - (batch.summary.failed - forgiven)),
      rows: rows.map((row) => ({ row, values: store.valuesOf(batch, row).values })),
    } as const;
    const begun = Date.now();
    const recorded: RowResult[] = [];
    const ended = await supervisor.perform(job, {
      event() {},
      rows({ results, activity }) {
        if (activity) {
          mine.activity = activity;
          onChange(id);
        }
        // A row that finds no room says nothing of itself: it is run again once there is some.
        const short = results.findIndex(foundNoRoom);
        const sound = short === -1 ? results : results.slice(0, short);
        if (sound.length > 0 && !record(id, mine, sound)) return supervisor.cancel();
        recorded.push(...sound);
        for (const { row } of sound) left.delete(row);
        if (short === -1) return;
        waitForRoom(results[short]!.problems[0]!.message);
        supervisor.cancel();
      },
    });
    mine.workers.delete(supervisor);
    mine.activity = null;
    if (ended.type === 'lost' && !stopping()) recorded.push(...blame(id, mine, left, ended.problem.message));
    onRows({
      batch: id,
      name: batch.summary.name,
      provider: supervisor.provider() ?? 'unknown',
      begun,
      ended: Date.now(),
      results: recorded,
    });
    if (ended.type === 'unstarted') {
      log.error(ended.problem.message);
      guarded(() => tell(id, { type: 'batch_paused', why: ended.problem.message }));
    }
    putBack();
    guarded(() => conclude(id, mine));
  }
  /** A worker died at one of these rows. Alone, the one that does it is found, and fails; gives what was recorded of it. */
  function blame(id: string, mine: Active, left: Set<number>, how: string): readonly RowResult[] {
    const [only] = left;
    if (left.size !== 1 || only === undefined) {
      left.forEach((row) => mine.suspects.set(row, mine.suspects.get(row) ?? 0));
      return [];
    }
    const crashes = (mine.suspects.get(only) ?? 0) + 1;
    mine.suspects.set(only, crashes);
    if (crashes < MOST_CRASHES) return [];
    const problems = [toProblem(err.BATCH_ROW_LOST(crashes, how))];
    const results: RowResult[] = [{ row: only, status: 'failed', seconds: 0, problems, outputs: {}, scores: {} }];
    if (!record(id, mine, results)) return [];
    left.delete(only);
    return results;
  }

  return {
    take,
    tell,
    secondsLeft,
    peek() {
      const batch = next();
      return batch ? { priority: batch.summary.priority, place: batch.summary.place } : null;
    },
    recover() {
      for (const { summary } of store.open())
        if (summary.status === 'running' && concerns(summary.id)) tell(summary.id, { type: 'batch_interrupted' });
    },
    moreRows(id, rows) {
      // One that is not worked on reads what there is to do when its turn comes.
      for (const { from, to } of rows) active.get(id)?.todo.put(from, to);
    },
    interrupt: forget,
    activity: (id) => active.get(id)?.activity ?? null,
  };
}
const foundNoRoom = ({ problems }: RowResult): boolean => problems.some(({ code }) => code === 'SERVER_DISK_FULL');
const isOpen = (status: BatchStatus): boolean => status === 'queued' || status === 'running';
