import type { BatchSummary, QueueChange, RunSummary } from '@facewright/core';
import { expect, it } from 'vitest';
import { failedRuns, firstQueue, openBatches, runsAtWork, takeChange, waitingLine, waitingRuns } from './queue-state.ts';

const run = (number: number, more: Partial<RunSummary> = {}): RunSummary => ({
  id: `r${number}`,
  name: `run ${number}`,
  status: 'queued',
  created: '',
  finished: null,
  lastSeq: 1,
  number,
  priority: 0,
  place: number,
  cancelling: false,
  attempts: 0,
  retryOf: null,
  problem: null,
  ...more,
});
const batch = (id: string, more: Partial<BatchSummary> = {}): BatchSummary => ({
  id,
  name: id,
  status: 'queued',
  created: '',
  finished: null,
  priority: -10,
  place: 1,
  count: 9,
  done: 0,
  failed: 0,
  secondsLeft: null,
  lastSeq: 1,
  lastRecorded: 0,
  ...more,
});
const change = (runs: RunSummary[], more: Partial<QueueChange> = {}): QueueChange => ({
  cursor: 1,
  whole: false,
  more: false,
  paused: false,
  runs,
  removed: [],
  progress: {},
  ...more,
});
const ids = (runs: readonly RunSummary[]) => runs.map(({ id }) => id);

it('changes add, replace and remove runs; a whole list replaces all that was known', () => {
  let queue = takeChange(firstQueue, change([run(1), run(2), run(3)], { whole: true }));
  queue = takeChange(queue, change([run(1, { status: 'running' }), run(4)], { removed: ['r2'], paused: true }));
  expect(ids(queue.runs)).toEqual(['r4', 'r3', 'r1']);
  expect([queue.paused, ids(runsAtWork(queue)), ids(waitingRuns(queue))]).toEqual([true, ['r1'], ['r3', 'r4']]);
  expect(ids(takeChange(queue, change([run(9)], { whole: true })).runs)).toEqual(['r9']);
});
it('what waits is in the order in which it goes', () => {
  const queue = takeChange(firstQueue, change([run(1), run(2, { priority: -10 }), run(3, { place: -3 }), run(4, { priority: 5 })]));
  expect(ids(waitingRuns(queue))).toEqual(['r4', 'r3', 'r1', 'r2']);
});
it('batches stand between the runs where their rows go', () => {
  const queue = takeChange(firstQueue, change([run(1), run(2, { priority: -10, place: 4 }), run(3)]));
  const batches = [batch('later', { place: 6 }), batch('first', { priority: 0, place: -7 }), batch('old', { place: 3 })];
  expect(waitingLine(queue, batches).map((one) => (one.run ?? one.batch).id)).toEqual(['first', 'r1', 'r3', 'old', 'r2', 'later']);
});
it('of several batches that were begun, the one is at work whose turn it is', () => {
  const begun = [batch('a', { status: 'running', place: 2 }), batch('b', { status: 'running' }), batch('over', { status: 'finished' })];
  expect(openBatches(begun)).toEqual({ atWork: begun[1], waiting: [begun[0]], paused: [] });
  const paused = batch('c', { status: 'paused' });
  expect(openBatches([paused, batch('d')])).toEqual({ atWork: null, waiting: [batch('d')], paused: [paused] });
});
it('a failed run is shown until it is tried again', () => {
  const queue = takeChange(firstQueue, change([run(1, { status: 'failed' }), run(2, { status: 'failed' }), run(3, { retryOf: 'r1' })]));
  expect(ids(failedRuns(queue))).toEqual(['r2']);
});
