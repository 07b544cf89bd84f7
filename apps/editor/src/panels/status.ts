// States of nodes and runs in words.
import { durationText, type RunSummary } from '@facewright/core';
import { howFar, timeLeft } from '../state/format.ts';
import type { NodeRun } from '../state/run-state.ts';

export function statusWords({ status, done, total, secondsLeft, seconds, unfinished }: NodeRun): string {
  switch (status) {
    case 'queued':
      return 'waiting';
    case 'running':
      return [howFar(done, total), timeLeft(secondsLeft)].filter(Boolean).join(', ');
    case 'cached':
      return 'from the cache';
    case 'done':
      if (unfinished !== null) return 'unfinished';
      return seconds === null ? 'done' : `done in ${durationText(seconds)}`;
    case 'failed':
      return 'failed';
    case 'blocked':
      return 'blocked';
    case 'stopped':
      return 'not run';
  }
}

export const runWords: Readonly<Record<RunSummary['status'], string>> = {
  queued: 'Waiting',
  running: 'Running',
  paused: 'Paused',
  succeeded: 'Finished',
  failed: 'Failed',
  cancelled: 'Cancelled',
};
