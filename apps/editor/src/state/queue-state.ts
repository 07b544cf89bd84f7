// What the editor knows of the queue: a fold over its changes.
import type { QueueChange, RunProgress, RunSummary } from '@facewright/core';

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
export const runsAtWork = ({ runs }: QueueState): readonly RunSummary[] =>
  runs.filter(({ status }) => status === 'running' || status === 'paused');
/** The latest that failed and were not tried again. */
export function failedRuns({ runs }: QueueState, most = 5): readonly RunSummary[] {
  const retried = new Set(runs.map(({ retryOf }) => retryOf));
  return runs.filter(({ id, status }) => status === 'failed' && !retried.has(id)).slice(0, most);
}
