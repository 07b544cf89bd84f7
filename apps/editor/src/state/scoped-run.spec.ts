import { parseGraph, type RunEvent, type RunEventBody } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { newRun, takeEvents } from './run-state.ts';
import { runNodesAt } from './scoped-run.ts';

const node = (type: string) => ({ type, version: 1 });
const graph = parseGraph({
  facewright: 1,
  nodes: { load: node('x/load'), twice: { ...node('subgraph/outer'), repeat: { times: 2, carry: {} } } },
  subgraphs: {
    outer: {
      title: 'Outer',
      outputs: { picture: { from: ['inner', 'drawn'] } },
      nodes: { inner: node('subgraph/inner'), look: node('x/look') },
    },
    inner: { title: 'Inner', outputs: { drawn: { from: ['draw', 'image'] } }, nodes: { draw: node('x/draw') } },
  },
}).graph!;
const plan = ['load', 'twice#1:inner:draw', 'twice#1:look', 'twice#2:inner:draw', 'twice#2:look'];
const runOf = (...bodies: RunEventBody[]) => {
  const started: RunEventBody = {
    type: 'run_started',
    provider: 'cpu',
    plan: plan.map((each) => ({ node: each, type: 'x/any', action: 'run', reason: 'never ran before', key: '' })),
  };
  const events = [started, ...bodies].map((body, i): RunEvent => ({ ...body, run: 'r', seq: i + 1, time: '2026-01-01T00:00:00Z' }));
  return takeEvents(newRun('r', 'g'), events);
};
const finished = (id: string, outputs = {}): RunEventBody => ({ type: 'node_finished', node: id, outputs, seconds: 1 });
const at = (path: readonly string[], ...bodies: RunEventBody[]) =>
  Object.fromEntries(
    [...runNodesAt(runOf(...bodies), graph, path)].map(([id, { status, done, total, outputs }]) => [id, [status, done, total, outputs]]),
  );

describe('a run seen from one part of the document', () => {
  it('shows a subgraph as one node that is as far as its nodes', () => {
    expect(at([])).toEqual({ load: ['queued', 0, 0, null], twice: ['queued', 0, 4, null] });
    expect(at([], finished('twice#1:inner:draw', { image: 'one' }))['twice']).toEqual(['running', 1, 4, { picture: 'one' }]);
    const all = plan.slice(1).map((id) => finished(id, { image: id }));
    expect(at([], ...all)['twice']).toEqual(['done', 4, 4, { picture: 'twice#2:inner:draw' }]);
  });
  it('shows the rounds of a repeated one together inside it, and a subgraph there by its own ports', () => {
    const events = [
      finished('twice#1:inner:draw', { image: 'one' }),
      finished('twice#1:look'),
      { type: 'node_started', node: 'twice#2:inner:draw' } as const,
    ];
    expect(at(['twice'], ...events)).toEqual({ inner: ['running', 1, 2, { drawn: 'one' }], look: ['running', 1, 2, {}] });
    expect(at(['twice', 'inner'], ...events)).toEqual({ draw: ['running', 1, 2, { image: 'one' }] });
    expect(at(['load'])).toEqual({});
  });
  it('shows what failed inside on the subgraph, with why', () => {
    const problem = { code: 'X', message: 'no paint', node: 'twice#1:look' };
    const run = runOf(
      finished('twice#1:inner:draw'),
      { type: 'node_failed', node: 'twice#1:look', problem },
      { type: 'run_failed', problems: [problem] },
    );
    const { status, problem: why } = runNodesAt(run, graph, []).get('twice')!;
    expect([status, why?.message]).toEqual(['failed', 'no paint']);
  });
  it('lets a node that runs a graph in its place tell of itself', () =>
    expect(at([], finished('load', { model: 1 }), finished('load:made', { other: 2 }))['load']).toEqual(['done', 0, 0, { model: 1 }]));
});
