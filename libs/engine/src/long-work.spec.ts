// Work that can be paused, stopped early, cancelled and gone on with: gates, checkpoints, and results that are not what their key says.
import {
  createCatalogue,
  defineNode,
  nodePackage,
  parseGraph,
  port,
  type Graph,
  type NodeContext,
  type NodeRun,
  type RunEventBody,
} from '@facewright/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createMemoryCheckpoints } from './checkpoint-store.ts';
import { err } from './errors.ts';
import { executeRun } from './execute-run.ts';
import { explainRun } from './explain-run.ts';
import type { EngineHost } from './host.ts';
import { createMemoryCache, createMemoryHistory } from './result-cache.ts';
import { createRunControl, type RunControl } from './run-control.ts';
import { createIdleHost } from './testing/idle-host.ts';

const base = { title: 'T', summary: 'S.', category: 'Test', effects: 'none', version: 1 } as const;
const count = port.integer({ min: 0, max: 1e6 });
/** Counts to `steps`, or from where it was left. */
const train = defineNode({
  ...base,
  type: 'test/train',
  stops: true,
  extends: ['steps'],
  inputs: { seed: port.optional(count), steps: count },
  outputs: { done: count },
});
const once = defineNode({ ...base, type: 'test/once', inputs: { steps: count }, outputs: { done: count } });
const show = defineNode({ ...base, type: 'test/show', output: true, inputs: { done: count }, outputs: { done: count } });

let atStep: (step: number, ctx: NodeContext) => unknown;
let begunAt: number[];
let saves: number;
const work: NodeRun<typeof train> = async ({ steps }, ctx) => {
  const kept = ((await ctx.checkpoint.load()) ?? (await ctx.checkpoint.related(() => 0)))?.data as { step: number } | undefined;
  let step = kept?.step ?? 0;
  begunAt.push(step);
  const save = async () => {
    saves++;
    await ctx.checkpoint.save({ data: { step } });
  };
  while (step < steps) {
    await atStep(step, ctx);
    if ((await ctx.gate(save)) === 'stop') {
      ctx.unfinished(`${step} of ${steps} steps`);
      break;
    }
    step++;
  }
  await save();
  return { done: step };
};
const catalogue = createCatalogue([
  nodePackage(train, async () => ({ run: work })),
  nodePackage(once, async () => ({ run: work })),
  nodePackage(show, async () => ({ run: async ({ done }) => ({ done }) })),
]);

let cache = createMemoryCache();
let history = createMemoryHistory();
let checkpoints = createMemoryCheckpoints();
beforeEach(() => {
  [cache, history, checkpoints] = [createMemoryCache(), createMemoryHistory(), createMemoryCheckpoints()];
  [atStep, begunAt, saves] = [() => {}, [], 0];
});
const host: EngineHost = {
  ...createIdleHost(),
  get checkpoints() {
    return checkpoints;
  },
};
const graphOf = (type: string, values: object, chain = false): Graph =>
  parseGraph({
    facewright: 1,
    name: 'spec',
    nodes: {
      t: { type, version: 1, values },
      ...(chain && { then: { type: 'test/train', version: 1, values: {} } }),
      out: { type: 'test/show', version: 1, values: {} },
    },
    links: chain
      ? [
          { from: ['t', 'done'], to: ['then', 'steps'] },
          { from: ['t', 'done'], to: ['then', 'seed'] },
          { from: ['then', 'done'], to: ['out', 'done'] },
        ]
      : [{ from: ['t', 'done'], to: ['out', 'done'] }],
  }).graph!;
async function execute(
  graph: Graph,
  { control, signal = new AbortController().signal }: { control?: RunControl; signal?: AbortSignal } = {},
) {
  const events: RunEventBody[] = [];
  const terminal = await executeRun({
    graph,
    catalogue,
    cache,
    history,
    host,
    provider: 'cpu',
    signal,
    ...(control && { control }),
    emit: (event) => events.push(event),
  });
  return { events, terminal, told: events.map((event) => ('node' in event ? `${event.type} ${event.node}` : event.type)) };
}
const reasonsOf = async (graph: Graph) =>
  Object.fromEntries(
    (await explainRun({ graph, catalogue, cache, history, host, provider: 'cpu' })).plan.map(({ node, action, reason }) => [
      node,
      `${action}: ${reason}`,
    ]),
  );
const stopAt =
  (at: number, control: RunControl): typeof atStep =>
  (step) => {
    if (step === at) control.stop();
  };

describe('a paused run', () => {
  it('saves, waits at the next gate until it goes on, and tells both', async () => {
    const control = createRunControl();
    const order: string[] = [];
    atStep = (step) => {
      if (step === 2) {
        control.pause();
        setTimeout(() => {
          order.push(`continue after ${saves} saves`);
          control.continue();
        }, 30);
      }
      order.push(`step ${step}`);
    };
    const { told, terminal } = await execute(graphOf('test/train', { steps: 4 }), { control });
    expect(order).toEqual(['step 0', 'step 1', 'step 2', 'continue after 1 saves', 'step 3']);
    expect(told.filter((line) => line.startsWith('run_'))).toEqual(['run_started', 'run_paused t', 'run_continued', 'run_succeeded']);
    expect(terminal).toMatchObject({ outputs: { out: { done: 4 } } });
  });
  it('waits before the next node when the one at work has no gate left', async () => {
    const control = createRunControl();
    // The node saves once more after its last gate.
    checkpoints = { ...checkpoints, save: async () => control.pause() };
    setTimeout(() => control.continue(), 30);
    const { told } = await execute(graphOf('test/train', { steps: 1 }), { control });
    expect(told).toContain('run_paused out');
  });
  it('can be cancelled while it waits', async () => {
    const control = createRunControl();
    const cancel = new AbortController();
    atStep = () => {
      control.pause();
      setTimeout(() => cancel.abort(), 20);
    };
    expect((await execute(graphOf('test/train', { steps: 4 }), { control, signal: cancel.signal })).terminal.type).toBe('run_cancelled');
    expect(saves).toBe(1);
  });
});

describe('a node that is told to stop', () => {
  const graph = graphOf('test/train', { steps: 10 });
  it('gives what it has to the nodes after it, and none of it is stored as the result of its inputs', async () => {
    const control = createRunControl();
    atStep = stopAt(3, control);
    const { events, told, terminal } = await execute(graph, { control });
    expect(told).toContain('run_stopping t');
    expect(terminal).toMatchObject({ type: 'run_succeeded', outputs: { out: { done: 3 } } });
    expect(events.filter(({ type }) => type === 'node_finished')).toMatchObject([
      { node: 't', unfinished: '3 of 10 steps' },
      { node: 'out', unfinished: 'made from what node t had when it was stopped' },
    ]);
    expect(await reasonsOf(graph)).toEqual({
      t: 'run: its last result was unfinished: 3 of 10 steps',
      out: 'run: its last result was unfinished: made from what node t had when it was stopped',
    });
  });
  it('goes on from its checkpoint when it is run again, and then is stored', async () => {
    const control = createRunControl();
    atStep = stopAt(3, control);
    await execute(graph, { control });
    atStep = () => {};
    expect((await execute(graph)).terminal).toMatchObject({ outputs: { out: { done: 10 } } });
    expect(begunAt).toEqual([0, 3]);
    expect(await reasonsOf(graph)).toEqual({
      t: 'cached: nothing changed since its result was stored',
      out: 'cached: nothing changed since its result was stored',
    });
  });
  it('goes on for it when it is paused', async () => {
    const control = createRunControl();
    atStep = (step) => {
      if (step !== 2) return;
      control.pause();
      setTimeout(() => control.stop(), 20);
    };
    const { told } = await execute(graph, { control });
    expect(told.filter((line) => line.startsWith('run_'))).toEqual([
      'run_started',
      'run_paused t',
      'run_stopping t',
      'run_continued',
      'run_succeeded',
    ]);
  });
  it('is alone in that: the nodes after it run whole', async () => {
    const control = createRunControl();
    atStep = (step, { node }) => {
      if (node === 't' && step === 2) control.stop();
    };
    expect((await execute(graphOf('test/train', { steps: 10 }, true), { control })).terminal).toMatchObject({
      outputs: { out: { done: 2 } },
    });
    expect(begunAt).toEqual([0, 0]);
  });
  it('does not lend its checkpoint to the same node with whole inputs', async () => {
    const control = createRunControl();
    const chained = graphOf('test/train', { steps: 10 }, true);
    atStep = (step, { node }) => {
      if (node === 't' && step === 2) control.stop();
    };
    await execute(chained, { control });
    atStep = () => {};
    await execute(chained);
    expect(begunAt).toEqual([0, 0, 2, 0]);
  });
  it('is not told when it cannot stop', async () => {
    const control = createRunControl();
    atStep = () => control.stop();
    const { told, terminal } = await execute(graphOf('test/once', { steps: 3 }), { control });
    expect(told).not.toContain('run_stopping t');
    expect(terminal).toMatchObject({ outputs: { out: { done: 3 } } });
  });
});

describe('a checkpoint', () => {
  it('outlives a cancel', async () => {
    const cancel = new AbortController();
    atStep = (step) => {
      if (step === 5) cancel.abort();
    };
    expect((await execute(graphOf('test/once', { steps: 9 }), { signal: cancel.signal })).terminal.type).toBe('run_cancelled');
    atStep = () => {};
    await execute(graphOf('test/once', { steps: 9 }));
    expect(begunAt).toEqual([0, 5]);
  });
  it('is removed when the node has finished', async () => {
    await execute(graphOf('test/once', { steps: 4 }));
    cache = createMemoryCache();
    await execute(graphOf('test/once', { steps: 4 }));
    expect(begunAt).toEqual([0, 0]);
  });
  it('is kept across the inputs that it extends, and no others', async () => {
    await execute(graphOf('test/train', { seed: 1, steps: 4 }));
    await execute(graphOf('test/train', { seed: 1, steps: 6 }));
    await execute(graphOf('test/train', { seed: 2, steps: 6 }));
    expect(begunAt).toEqual([0, 4, 0]);
  });
  it('that is damaged is told and ignored', async () => {
    checkpoints = {
      ...checkpoints,
      load: async () => {
        throw err.BAD_CHECKPOINT('half of one');
      },
    };
    const { events, terminal } = await execute(graphOf('test/train', { steps: 2 }));
    expect(terminal.type).toBe('run_succeeded');
    expect(events).toContainEqual({
      type: 'node_log',
      node: 't',
      level: 'warn',
      message: 'checkpoint: expected one that is whole, got half of one; begins anew',
    });
  });
  it('that cannot be saved at a pause does not end the work', async () => {
    const control = createRunControl();
    const { save } = checkpoints;
    let full = true;
    checkpoints = { ...checkpoints, save: async (...given) => (full ? Promise.reject(new Error('disk full')) : save(...given)) };
    atStep = (step) => {
      if (step !== 1) return;
      control.pause();
      setTimeout(() => {
        full = false;
        control.continue();
      }, 20);
    };
    const { events, terminal } = await execute(graphOf('test/train', { steps: 3 }), { control });
    expect(terminal).toMatchObject({ type: 'run_succeeded', outputs: { out: { done: 3 } } });
    expect(events).toContainEqual({
      type: 'node_log',
      node: 't',
      level: 'warn',
      message: 'checkpoint: expected to save it, got Error: disk full',
    });
  });
  it('refuses what is not plain data', async () => {
    atStep = (_, ctx) => ctx.checkpoint.save({ data: { rate: Number.NaN } });
    const { terminal } = await execute(graphOf('test/train', { steps: 2 }));
    expect(terminal).toMatchObject({ type: 'run_failed', problems: [{ code: 'ENGINE_NOT_DATA' }] });
  });
});
