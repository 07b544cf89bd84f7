import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTerminal, type PlanStep, type Problem, type RunEvent, type RunSummary } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import type { RunningServer } from '../start-server.ts';

let folder: string;
let server: RunningServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'partial-runs-spec-'));
  server = await startTestServer(folder);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const post = async <T>(path: string, body: unknown): Promise<{ status: number; answer: T }> => {
  const response = await fetch(`${server.url}/api/v1${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, answer: (await response.json()) as T };
};
/** Two branches from one source, each with an output node in its middle; the names of the numbers keep the specs' results apart. */
const graphOf = (value: number) => {
  const node = (type: string, values = {}) => ({ type: `test/${type}`, version: 1, values });
  const link = (from: string, to: string) => ({ from: [from, 'value'], to: [to, 'value'] });
  return {
    facewright: 1,
    nodes: {
      source: node('source', { value }),
      left: node('count', { steps: 1 }),
      middle: node('show'),
      end: node('show'),
      right: node('count', { steps: 2 }),
      other: node('show'),
      inside: { type: 'subgraph/counts', version: 1, values: { steps: 3 } },
    },
    links: [
      link('source', 'left'),
      link('left', 'middle'),
      link('middle', 'end'),
      link('source', 'right'),
      link('right', 'other'),
      { from: ['source', 'value'], to: ['inside', 'start'] },
    ],
    subgraphs: {
      counts: {
        title: 'Counts',
        inputs: { start: { to: [['count', 'value']] }, steps: { to: [['count', 'steps']] } },
        outputs: { sum: { from: ['count', 'value'] } },
        nodes: { count: node('count'), look: node('show') },
        links: [link('count', 'look')],
      },
    },
  };
};
async function run(value: number, targets?: unknown) {
  const { answer } = await post<{ run: RunSummary }>('/runs', { graph: graphOf(value), targets });
  for (;;) {
    const response = await fetch(`${server.url}/api/v1/runs/${answer.run.id}/events`);
    const { events } = (await response.json()) as { events: readonly RunEvent[] };
    const last = events.at(-1);
    if (last && isTerminal(last))
      return {
        ran: events
          .filter(({ type }) => type === 'node_started')
          .map((event) => (event as { node: string }).node)
          .sort(),
        outputs: last.type === 'run_succeeded' ? last.outputs : last.type,
      };
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe('a run of chosen targets', () => {
  it('runs what they need: neither the other branch nor what comes after', async () => {
    expect(await run(10, ['middle'])).toEqual({ ran: ['left', 'middle', 'source'], outputs: { middle: { value: 11 } } });
  });
  it('runs output nodes on the way, and gives the outputs of the targets alone', async () => {
    expect(await run(20, ['end'])).toEqual({ ran: ['end', 'left', 'middle', 'source'], outputs: { end: { value: 21 } } });
  });
  it('leaves out the outputs that are not named', async () => {
    expect(await run(30, ['middle', 'other'])).toEqual({
      ran: ['left', 'middle', 'other', 'right', 'source'],
      outputs: { middle: { value: 31 }, other: { value: 32 } },
    });
  });
  it('may reach a node that is no output, a subgraph, or a node in one', async () => {
    expect(await run(40, ['right'])).toEqual({ ran: ['right', 'source'], outputs: { right: { value: 42 } } });
    expect(await run(41, ['inside'])).toEqual({
      ran: ['inside:count', 'inside:look', 'source'],
      outputs: { 'inside:count': { value: 44 }, 'inside:look': { value: 44 } },
    });
    expect((await run(42, ['inside:count'])).ran).toEqual(['inside:count', 'source']);
  });
  it('takes what another run of it has made', async () => {
    await run(50, ['middle']);
    expect((await run(50)).ran).toEqual(['end', 'inside:count', 'inside:look', 'other', 'right']);
  });
  it('is explained as it is run', async () => {
    const { answer } = await post<{ plan: readonly PlanStep[] }>('/graphs/explain', { graph: graphOf(60), targets: ['middle'] });
    expect(answer.plan.map(({ node }) => node)).toEqual(['source', 'left', 'middle']);
  });
  it('is refused with an empty list, unknown nodes, or what is no list', async () => {
    const refusal = async (targets: unknown) => {
      const { status, answer } = await post<{ problems: readonly Problem[] }>('/runs', { graph: graphOf(1), targets });
      return [status, answer.problems.map(({ message }) => message)];
    };
    expect(await refusal([])).toEqual([422, ['targets: expected at least one node, got none']]);
    expect(await refusal(['middel', 'inside:no'])).toEqual([
      422,
      [
        'target: expected a node of the graph, got "middel" (did you mean middle?)',
        'target: expected a node of the graph, got "inside:no" (did you mean inside:look?)',
      ],
    ]);
    expect(await refusal('middle')).toEqual([400, ['targets: expected a list of node ids, got "middle"']]);
    expect(await refusal([1])).toEqual([400, ['targets: expected a list of node ids, got [1]']]);
  });
});
