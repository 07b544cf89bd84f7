import type { RunEvent, RunEventBody } from '@facewright/core';
import { expect, it } from 'vitest';
import { gotFurther } from './got-further.ts';

const events = (...bodies: RunEventBody[]): RunEvent[] => bodies.map((body, i) => ({ ...body, run: 'r', seq: i + 1, time: '' }));
const finished = (node: string): RunEventBody => ({ type: 'node_finished', node, outputs: {}, seconds: 1 });
const step = (node: string, done: number): RunEventBody => ({ type: 'node_progress', node, done, total: 100, secondsLeft: null });
const interrupted: RunEventBody = { type: 'run_interrupted', message: '' };

it('an attempt that finishes a node for the first time, or passes the furthest step, got further', () => {
  expect(gotFurther(events(finished('a')))).toBe(true);
  expect(gotFurther(events(finished('a'), interrupted, finished('b')))).toBe(true);
  expect(gotFurther(events(step('a', 5), interrupted, step('a', 6)))).toBe(true);
});
it('one that does only what was done before did not', () => {
  expect(gotFurther(events())).toBe(false);
  // A node that writes files runs every time.
  expect(gotFurther(events(finished('save'), step('a', 5), interrupted, finished('save'), step('a', 5)))).toBe(false);
  expect(gotFurther(events(step('a', 9), finished('a'), interrupted, step('a', 50)))).toBe(false);
  expect(gotFurther(events(finished('a'), interrupted))).toBe(false);
});
