import type { RunEventBody } from '@facewright/core';
import { expect, it } from 'vitest';
import { nodesOf } from './run-nodes.ts';

const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString();
const timed = (...events: readonly (readonly [second: number, body: RunEventBody])[]) =>
  events.map(([second, body]) => ({ ...body, time: at(second) }));
const step = (node: string, reason = 'never ran before') => ({ node, type: `test/${node}`, action: 'run', reason, key: node }) as const;
const fresh = { started: null, finished: null, seconds: null, memory: null };

it('nodes have the times, memory and reasons that the events tell', () => {
  const nodes = nodesOf(
    timed(
      [0, { type: 'run_queued', name: 'r' }],
      [1, { type: 'run_started', plan: [step('a', 'nothing changed'), step('b'), step('c'), step('d')], provider: 'cpu' }],
      [1, { type: 'node_cached', node: 'a', outputs: {}, reason: 'nothing changed' }],
      [2, { type: 'node_started', node: 'b' }],
      [5, { type: 'node_finished', node: 'b', outputs: {}, seconds: 3, memory: 7e8 }],
      [5, { type: 'node_started', node: 'c' }],
      [6, { type: 'node_failed', node: 'c', problem: { code: 'X', message: 'x' } }],
      [6, { type: 'run_failed', problems: [] }],
    ),
  );
  expect(nodes).toEqual([
    { ...fresh, node: 'a', type: 'test/a', status: 'cached', reason: 'nothing changed', finished: at(1) },
    {
      ...fresh,
      node: 'b',
      type: 'test/b',
      status: 'done',
      reason: 'never ran before',
      started: at(2),
      finished: at(5),
      seconds: 3,
      memory: 7e8,
    },
    { ...fresh, node: 'c', type: 'test/c', status: 'failed', reason: 'never ran before', started: at(5), finished: at(6) },
    { ...fresh, node: 'd', type: 'test/d', status: 'stopped', reason: 'never ran before' },
  ]);
});
it('a run that was interrupted and goes on keeps what its nodes took, and begins the one that was at work anew', () => {
  const nodes = nodesOf(
    timed(
      [1, { type: 'run_started', plan: [step('a'), step('b')], provider: 'cpu' }],
      [1, { type: 'node_started', node: 'a' }],
      [3, { type: 'node_finished', node: 'a', outputs: {}, seconds: 2 }],
      [3, { type: 'node_started', node: 'b' }],
      [4, { type: 'run_interrupted', message: 'stopped' }],
      [9, { type: 'run_started', plan: [step('a', 'nothing changed'), step('b')], provider: 'cpu' }],
      [9, { type: 'node_cached', node: 'a', outputs: {}, reason: 'nothing changed' }],
      [10, { type: 'node_started', node: 'b' }],
    ),
  );
  expect(nodes.map(({ status, started, seconds }) => [status, started, seconds])).toEqual([
    ['done', at(1), 2],
    ['running', at(10), null],
  ]);
});
