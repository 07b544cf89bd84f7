// What the editor knows of the queue: a fold over its changes.
import type { BatchSummary, QueueChange, RunProgress, RunSummary } from '@facewright/core';

export interface QueueState {
  /** Nothing new begins. */
  readonly paused: boolean;
  /** The newest first. */
  readonly runs: readonly RunSummary[];
  /** Of those at work, by id. */
  readonly progress: Readonly<Record<string, RunProgress>>;
}
export const firstQueue: QueueState = { paused: false, runs: [], progress: {} };

export function takeChange(queue: QueueState, { whole, paused, runs, removed, progress }: QueueChange): QueueState {
  const byId = new Map(whole ? [] : queue.runs.map((run) => [run.id, run]));
  for (const run of runs) byId.set(run.id, run);
  for (const id of removed) byId.delete(id);
  return { paused, progress, runs: [...byId.values()].sort((a, b) => b.number - a.number) };
}

/** In the order in which they go. */
export const waitingRuns = ({ runs }: QueueState): readonly RunSummary[] =>
  runs.filter(({ status }) => status === 'queued').sort((a, b) => b.priority - a.priority || a.place - b.place || a.number - b.number);

/** A run or a batch that has its place among the others. */
export type Waiting = { readonly run: RunSummary; readonly batch?: undefined } | { readonly batch: BatchSummary; readonly run?: undefined };
/** Batches that are not over: the one whose rows are run, those that have their turn later, those that are paused. */
export function openBatches(batches: readonly BatchSummary[]): {
  readonly atWork: BatchSummary | null;
  readonly waiting: readonly BatchSummary[];
  readonly paused: readonly BatchSummary[];
} {
  const [first, ...others] = batches
    .filter(({ status }) => status === 'queued' || status === 'running')
    .sort((a, b) => b.priority - a.priority || a.place - b.place);
  const paused = batches.filter(({ status }) => status === 'paused');
  // Of several that were begun, only the first has its rows run.
  if (first?.status === 'running') return { atWork: first, waiting: others, paused };
  return { atWork: null, waiting: first ? [first, ...others] : [], paused };
}
/** Runs and batches together, in the order in which they go. */
export function waitingLine(queue: QueueState, batches: readonly BatchSummary[]): readonly Waiting[] {
  const turn = (one: Waiting): RunSummary | BatchSummary => one.run ?? one.batch;
  return [...waitingRuns(queue).map((run) => ({ run })), ...openBatches(batches).waiting.map((batch) => ({ batch }))].sort((a, b) => {
    const [one, other] = [turn(a), turn(b)];
    return other.priority - one.priority || one.place - other.place;
  });
}
export const runsAtWork = ({ runs }: QueueState): readonly RunSummary[] =>
  runs.filter(({ status }) => status === 'running' || status === 'paused');
/** The latest that failed and were not tried again. */
export function failedRuns({ runs }: QueueState, most = 5): readonly RunSummary[] {
  const retried = new Set(runs.map(({ retryOf }) => retryOf));
  return runs.filter(({ id, status }) => status === 'failed' && !retried.has(id)).slice(0, most);
}
