import type { RunEvent, RunEventBody } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { newRun, nodeAtWork, progressOf, takeEvents, type RunState } from './run-state.ts';

const numbered = (bodies: readonly RunEventBody[]): RunEvent[] =>
  bodies.map((body, i) => ({ ...body, run: 'r', seq: i + 1, time: `2030-01-01T00:00:${String(i).padStart(2, '0')}.000Z` }));
const step = (node: string, action: 'run' | 'cached' = 'run') => ({
  node,
  type: 'facewright/x',
  action,
  reason: `${node} never ran before`,
  key: node,
});
const plan: RunEventBody = { type: 'run_started', provider: 'cpu', plan: [step('load', 'cached'), step('train'), step('draw')] };
const whole: readonly RunEventBody[] = [
  { type: 'run_queued', name: 'Loop' },
  plan,
  { type: 'node_cached', node: 'load', outputs: { model: 1 }, reason: 'the same file' },
  { type: 'node_started', node: 'train' },
  { type: 'node_metric', node: 'train', name: 'loss', step: 1, value: 2 },
  { type: 'node_progress', node: 'train', done: 1, total: 2, secondsLeft: null },
  { type: 'node_metric', node: 'train', name: 'loss', step: 2, value: 1 },
  { type: 'node_log', node: 'train', level: 'warn', message: 'slow' },
  { type: 'node_finished', node: 'train', outputs: { model: 2 }, seconds: 3 },
  { type: 'node_started', node: 'draw' },
  { type: 'node_preview', node: 'draw', image: 'data:x' },
  { type: 'node_finished', node: 'draw', outputs: {}, seconds: 1 },
  { type: 'run_succeeded', outputs: {}, seconds: 4 },
];
const after = (bodies: readonly RunEventBody[]): RunState => takeEvents(newRun('r', ''), numbered(bodies));

describe('takeEvents', () => {
  it('gives the same state however the events are cut into batches', () => {
    const events = numbered(whole);
    const oneByOne = events.reduce((run, event) => takeEvents(run, [event]), newRun('r', ''));
    const inThrees = [0, 3, 6, 9, 12].reduce((run, from) => takeEvents(run, events.slice(from, from + 3)), newRun('r', ''));
    expect(oneByOne).toEqual(after(whole));
    expect(inThrees).toEqual(after(whole));
  });
  it('counts the items that a node is through with, whatever became of them, and anew when it begins again', () => {
    const items: RunEventBody[] = [
      plan,
      { type: 'node_started', node: 'train' },
      { type: 'item_finished', node: 'train', item: [0], outputs: {}, seconds: 1 },
      { type: 'item_blocked', node: 'train', item: [1], reason: '' },
      { type: 'item_failed', node: 'train', item: [2], problem: { code: 'X', message: 'no paint' } },
    ];
    expect(after(items).nodes.get('train')?.items).toBe(3);
    expect(after([...items, { type: 'node_started', node: 'train' }]).nodes.get('train')?.items).toBe(0);
    expect(after(items).nodes.get('draw')?.items).toBe(0);
  });
  it('is paused, goes on, and knows which node is about to stop and what came of it', () => {
    const bodies: RunEventBody[] = [
      ...whole.slice(0, 6),
      { type: 'node_progress', node: 'train', done: 1, total: 2, secondsLeft: 9 },
      { type: 'run_paused', node: 'train' },
    ];
    const paused = after(bodies);
    expect(paused.status).toBe('paused');
    expect(nodeAtWork(paused)).toBe('train');
    expect(paused.nodes.get('train')).toMatchObject({ status: 'running', done: 1, secondsLeft: null });
    bodies.push({ type: 'run_stopping', node: 'train' }, { type: 'run_continued' });
    expect(after(bodies)).toMatchObject({ status: 'running', stopping: 'train' });
    bodies.push({ type: 'node_finished', node: 'train', outputs: {}, seconds: 3, unfinished: '1 of 2 steps' });
    expect(after(bodies)).toMatchObject({ status: 'running', stopping: null });
    expect(after(bodies).nodes.get('train')).toMatchObject({ status: 'done', unfinished: '1 of 2 steps' });
    expect(nodeAtWork(after(bodies))).toBeNull();
  });
  it('ignores events that it has taken in already, as after a reconnection', () => {
    const events = numbered(whole);
    const half = takeEvents(newRun('r', ''), events.slice(0, 7));
    expect(takeEvents(half, events.slice(0, 5))).toBe(half);
    expect(takeEvents(half, events)).toEqual(after(whole));
  });
  it('stops at a gap, says so, and goes on when the missing events come', () => {
    const events = numbered(whole);
    const gap = takeEvents(newRun('r', ''), [...events.slice(0, 4), ...events.slice(6)]);
    expect(gap).toMatchObject({ seq: 4, missed: true, status: 'running' });
    expect(takeEvents(gap, events.slice(4))).toEqual(after(whole));
  });
  it('ignores events of another run', () => {
    const run = newRun('other', '');
    expect(takeEvents(run, numbered(whole))).toBe(run);
  });
  it('does not change the state that it is given, curves included', () => {
    const events = numbered(whole);
    const early = takeEvents(newRun('r', ''), events.slice(0, 5));
    const copy = structuredClone(early);
    takeEvents(early, events.slice(5));
    expect(early).toEqual(copy);
  });
  it('knows each node: cached with its reason, finished with seconds and outputs, its logs', () => {
    const run = after(whole);
    expect(run.nodes.get('load')).toMatchObject({ status: 'cached', reason: 'the same file', outputs: { model: 1 } });
    expect(run.nodes.get('train')).toMatchObject({
      status: 'done',
      seconds: 3,
      reason: 'train never ran before',
      logs: [{ level: 'warn', message: 'slow' }],
    });
    expect(run.nodes.get('draw')).toMatchObject({ status: 'done', preview: null });
    expect([...run.nodes.keys()]).toEqual(['load', 'train', 'draw']);
    expect(run.curves.get('train loss')).toEqual({ node: 'train', name: 'loss', steps: [1, 2], values: [2, 1] });
  });
  it('lists a problem once when the node and the run both tell it, and stops the rest', () => {
    const problem = { code: 'X', message: 'too small', node: 'train' };
    const run = after([...whole.slice(0, 4), { type: 'node_failed', node: 'train', problem }, { type: 'run_failed', problems: [problem] }]);
    expect(run.problems).toEqual([problem]);
    expect(run.status).toBe('failed');
    expect([...run.nodes.values()].map(({ status }) => status)).toEqual(['cached', 'failed', 'stopped']);
  });
  it('marks what was running and waiting as stopped when the run is cancelled', () => {
    const run = after([...whole.slice(0, 6), { type: 'run_cancelled' }]);
    expect([...run.nodes.values()].map(({ status }) => status)).toEqual(['cached', 'stopped', 'stopped']);
  });
  it('keeps finished nodes when the worker is lost and the run is planned again, and begins the cut curve anew', () => {
    const run = after([
      ...whole.slice(0, 7),
      { type: 'worker_lost', message: 'the worker ended' },
      plan,
      { type: 'node_started', node: 'train' },
      { type: 'node_metric', node: 'train', name: 'loss', step: 1, value: 5 },
    ]);
    expect(run.notices).toEqual(['the worker ended']);
    expect(run.nodes.get('load')).toMatchObject({ status: 'cached', outputs: { model: 1 } });
    expect(run.nodes.get('train')).toMatchObject({ status: 'running', done: 0 });
    expect(run.curves.get('train loss')?.values).toEqual([5]);
  });
});

describe('progressOf', () => {
  it('counts nodes that are over, and a running one by its steps', () => {
    expect(progressOf(newRun('r', ''))).toBe(0);
    expect(progressOf(after(whole.slice(0, 3)))).toBeCloseTo(1 / 3, 12);
    expect(progressOf(after(whole.slice(0, 6)))).toBeCloseTo(1.5 / 3, 12);
    expect(progressOf(after(whole))).toBe(1);
  });
});
