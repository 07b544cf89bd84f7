import type { RunEvent } from '@facewright/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createRunFeed } from './run-feed.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

it('tells events in bundles, and waits for the next at least as long as telling the last ones took', () => {
  let seq = 0;
  const event = (): RunEvent => ({ type: 'run_notice', message: '', run: 'a', seq: ++seq, time: '2026-01-01T00:00:00.000Z' });
  const feed = createRunFeed();
  const told: number[] = [];
  let busyMs = 60;
  feed.listen({
    events(fresh) {
      told.push(fresh.get('a')!.length);
      vi.advanceTimersByTime(busyMs);
    },
  });
  const after = (ms: number) => {
    vi.advanceTimersByTime(ms);
    return told.splice(0);
  };
  feed.event(event());
  feed.event(event());
  expect(after(25)).toEqual([2]);
  busyMs = 0;
  feed.event(event());
  expect(after(25)).toEqual([]);
  feed.event(event());
  expect(after(35)).toEqual([2]);
  feed.event(event());
  expect(after(25)).toEqual([1]);
  feed.close();
});
