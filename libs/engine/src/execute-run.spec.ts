import {
  createCatalogue,
  defineNode,
  isTerminal,
  nodePackage,
  parseGraph,
  port,
  type Graph,
  type NodeContext,
  type NodeDefinition,
  type NodeOutputs,
  type NodePackage,
  type PlanStep,
  type RunEventBody,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { beforeEach, describe, expect, it } from 'vitest';
import { executeRun } from './execute-run.ts';
import { explainRun } from './explain-run.ts';
import type { EngineHost } from './host.ts';
import { planRun } from './plan-run.ts';
import { createMemoryCheckpoints } from './checkpoint-store.ts';
import { createMemoryCache, createMemoryHistory, type ResultCache } from './result-cache.ts';
import { idleNode } from './testing/idle-host.ts';

const asset = (digit: string) => ({ id: `sha256:${digit.repeat(64)}`, mediaType: 'image/png', bytes: 1 });
const picture = (key: string) => ({ asset: asset('a'), width: 1, height: 1, key, caption: '' });
const base = { title: 'T', summary: 'S.', category: 'Test', effects: 'none', version: 1 } as const;
const anyNumber = { min: -1e9, max: 1e9 };
/** Counts how often each type ran, over all runs of one test. */
const ran: Record<string, number> = {};
type Work = (inputs: any, context: NodeContext) => Promise<unknown>;
const node = (definition: NodeDefinition, work: Work): NodePackage =>
  nodePackage(definition, async () => ({
    run: (async (inputs: unknown, context: NodeContext) => {
      ran[context.node] = (ran[context.node] ?? 0) + 1;
      return work(inputs, context);
    }) as never,
  }));
/** A node whose behaviour the test at hand sets. */
let special: Work;

const packages = [
  node(
    defineNode({ ...base, type: 'test/number', inputs: { value: port.number(anyNumber) }, outputs: { number: port.number(anyNumber) } }),
    async ({ value }) => ({ number: value }),
  ),
  node(
    defineNode({
      ...base,
      type: 'test/add',
      inputs: { a: port.number(anyNumber), b: port.number({ ...anyNumber, default: 0 }) },
      outputs: { number: port.number(anyNumber) },
    }),
    async ({ a, b }) => ({ number: a + b }),
  ),
  node(
    defineNode({
      ...base,
      type: 'test/small',
      inputs: { a: port.number({ min: 0, max: 10 }) },
      outputs: { number: port.number({ min: 0, max: 5 }) },
    }),
    async ({ a }) => ({ number: a }),
  ),
  node(defineNode({ ...base, type: 'test/text', inputs: { text: port.text() }, outputs: { text: port.text() } }), async ({ text }) => ({
    text,
  })),
  node(defineNode({ ...base, type: 'test/paint', inputs: { name: port.text() }, outputs: { image: port.image() } }), async ({ name }) => ({
    image: picture(name),
  })),
  node(
    defineNode({ ...base, type: 'test/count', inputs: { images: port.images() }, outputs: { number: port.number(anyNumber) } }),
    async ({ images }) => ({ number: images.length }),
  ),
  node(
    defineNode({
      ...base,
      type: 'test/read',
      effects: 'reads',
      inputs: { folder: port.path({ of: 'folder' }) },
      outputs: { text: port.text() },
    }),
    async ({ folder }) => ({ text: folder }),
  ),
  node(
    defineNode({
      ...base,
      type: 'test/special',
      inputs: { a: port.optional(port.number(anyNumber)), images: port.optional(port.images()) },
      outputs: { number: port.number(anyNumber) },
    }),
    (inputs, context) => special(inputs, context),
  ),
  node(
    defineNode({
      ...base,
      type: 'test/show',
      output: true,
      inputs: { number: port.number(anyNumber) },
      outputs: { number: port.number(anyNumber) },
    }),
    async ({ number }) => ({ number }),
  ),
  node(
    defineNode({ ...base, type: 'test/say', output: true, inputs: { text: port.text() }, outputs: { text: port.text() } }),
    async ({ text }) => ({ text }),
  ),
  node(
    defineNode({
      ...base,
      type: 'test/save',
      effects: 'writes',
      output: true,
      inputs: { number: port.number(anyNumber) },
      outputs: { number: port.number(anyNumber) },
    }),
    async ({ number }) => ({ number }),
  ),
];
const catalogue = createCatalogue(packages);

let fingerprints: Record<string, string> = {};
const closed: string[] = [];
let checkpoints = createMemoryCheckpoints();
const host: EngineHost = {
  get checkpoints() {
    return checkpoints;
  },
  fingerprint: async (path) => fingerprints[path] ?? 'absent',
  openNode: (id) => ({ ...idleNode, close: async () => void closed.push(id) }),
  preview: async ({ width }) => `data:image/png;base64,${width}`,
};
let cache: ResultCache;
let history: ReturnType<typeof createMemoryHistory>;
beforeEach(() => {
  checkpoints = createMemoryCheckpoints();
  cache = createMemoryCache();
  history = createMemoryHistory();
  special = async () => ({ number: 0 });
  fingerprints = {};
  closed.length = 0;
  for (const id of Object.keys(ran)) delete ran[id];
});

const graphOf = (nodes: Record<string, [string, Record<string, unknown>?]>, links: [string, string][] = []): Graph =>
  parseGraph({
    facewright: 1,
    name: 'spec',
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, [type, values = {}]]) => [id, { type: `test/${type}`, version: 1, values }])),
    links: links.map(([from, to]) => ({ from: from.split('.'), to: to.split('.') })),
  }).graph!;
const adder = (one: number, two: number) =>
  graphOf({ one: ['number', { value: one }], two: ['number', { value: two }], sum: ['add'], out: ['show'] }, [
    ['one.number', 'sum.a'],
    ['two.number', 'sum.b'],
    ['sum.number', 'out.number'],
  ]);
interface Options {
  readonly targets?: readonly string[];
  readonly signal?: AbortSignal;
  readonly provider?: string;
  readonly onEvent?: (event: RunEventBody) => void;
}
async function execute(graph: Graph, { signal = new AbortController().signal, provider = 'cpu', onEvent, ...options }: Options = {}) {
  const events: RunEventBody[] = [];
  const terminal = await executeRun({
    graph,
    catalogue,
    cache,
    history,
    host,
    provider,
    signal,
    ...options,
    emit: (event) => {
      events.push(event);
      onEvent?.(event);
    },
  });
  expect(events.filter(isTerminal)).toEqual([terminal]);
  expect(events.at(-1)).toBe(terminal);
  const of = <T extends RunEventBody['type']>(type: T) =>
    events.filter((event): event is Extract<RunEventBody, { type: T }> => event.type === type);
  return {
    events,
    of,
    terminal,
    started: of('node_started').map((event) => event.node),
    cached: of('node_cached').map((event) => event.node),
  };
}
const outputs = (terminal: RunEventBody): Readonly<Record<string, NodeOutputs>> =>
  terminal.type === 'run_succeeded' ? terminal.outputs : {};
const problem = (terminal: RunEventBody) => (terminal.type === 'run_failed' ? terminal.problems[0]! : undefined);
const reasons = async (graph: Graph) => {
  const { plan } = await explainRun({ graph, catalogue, cache, history, host, provider: 'cpu' });
  return Object.fromEntries(plan.map((step: PlanStep) => [step.node, `${step.action}: ${step.reason}`]));
};

describe('a run', () => {
  it('computes what the outputs need and tells every step once, in order', async () => {
    const { events, terminal } = await execute(adder(1, 2));
    expect(events.map((event) => ('node' in event ? `${event.type} ${event.node}` : event.type))).toEqual([
      'run_started',
      'node_started one',
      'node_finished one',
      'node_started two',
      'node_finished two',
      'node_started sum',
      'node_finished sum',
      'node_started out',
      'node_finished out',
      'run_succeeded',
    ]);
    expect(outputs(terminal)).toEqual({ out: { number: 3 } });
    expect(closed).toEqual(['one', 'two', 'sum', 'out']);
  });
  it('does not run what no output needs', async () => {
    const graph = adder(1, 2);
    graph.nodes['aside'] = { type: 'test/number', version: 1, values: { value: 5 } };
    expect((await execute(graph)).started).not.toContain('aside');
  });
  it('runs only what a target needs', async () => {
    const { started, terminal } = await execute(adder(1, 2), { targets: ['one'] });
    expect(started).toEqual(['one']);
    expect(outputs(terminal)).toEqual({ one: { number: 1 } });
  });
  it('fills in defaults, and gives an absent optional input as absent', async () => {
    let got: unknown;
    special = async (inputs) => {
      got = { ...inputs };
      return { number: 1 };
    };
    await execute(
      graphOf({ s: ['special'], sum: ['add'], out: ['show'] }, [
        ['s.number', 'sum.a'],
        ['sum.number', 'out.number'],
      ]),
    );
    expect(got).toEqual({});
    expect(ran['sum']).toBe(1);
  });
  it('hands a single picture to a list as a list of one', async () => {
    const { terminal } = await execute(
      graphOf({ p: ['paint', { name: 'x' }], c: ['count'], out: ['show'] }, [
        ['p.image', 'c.images'],
        ['c.number', 'out.number'],
      ]),
    );
    expect(outputs(terminal)).toEqual({ out: { number: 1 } });
  });
  it('shows an early result before it starts on a long branch', async () => {
    const graph = graphOf({ src: ['number', { value: 1 }], a: ['add'], b: ['add'], late: ['show'], early: ['show'] }, [
      ['src.number', 'a.a'],
      ['a.number', 'b.a'],
      ['b.number', 'late.number'],
      ['src.number', 'early.number'],
    ]);
    expect((await execute(graph)).started).toEqual(['src', 'early', 'a', 'b', 'late']);
  });
  it('gives one result to two outputs without computing it twice', async () => {
    const graph = graphOf({ src: ['number', { value: 1 }], x: ['show'], y: ['save'] }, [
      ['src.number', 'x.number'],
      ['src.number', 'y.number'],
    ]);
    expect(outputs((await execute(graph)).terminal)).toEqual({ x: { number: 1 }, y: { number: 1 } });
    expect(ran['src']).toBe(1);
  });
  it('computes two nodes with the same work once', async () => {
    const graph = graphOf({ x: ['number', { value: 4 }], y: ['number', { value: 4 }], sum: ['add'], out: ['show'] }, [
      ['x.number', 'sum.a'],
      ['y.number', 'sum.b'],
      ['sum.number', 'out.number'],
    ]);
    const { started, of, terminal } = await execute(graph);
    expect(started).toEqual(['x', 'sum', 'out']);
    expect(of('node_cached')).toMatchObject([{ node: 'y', reason: 'computes the same as node x' }]);
    expect(outputs(terminal)).toEqual({ out: { number: 8 } });
  });
  it('migrates a graph before it runs; nodes are told the document as it was submitted', async () => {
    let told: Graph | undefined;
    const renamed = createCatalogue([
      ...packages,
      nodePackage(
        defineNode({
          ...base,
          type: 'test/new',
          version: 2,
          output: true,
          inputs: { fresh: port.number(anyNumber) },
          outputs: { number: port.number(anyNumber) },
          migrations: [{ to: 2, why: 'a better name', renamed: { inputs: { stale: 'fresh' } }, up: (v) => v }],
        }),
        async () => ({
          run: async ({ fresh }, ctx) => {
            told = ctx.graph;
            return { number: fresh };
          },
        }),
      ),
    ]);
    const graph = graphOf({ src: ['number', { value: 6 }], out: ['new'] }, [['src.number', 'out.stale']]);
    expect(
      outputs(
        await executeRun({
          graph,
          catalogue: renamed,
          cache,
          history,
          host,
          provider: 'cpu',
          signal: new AbortController().signal,
          emit: () => {},
        }),
      ),
    ).toEqual({ out: { number: 6 } });
    expect(told).toBe(graph);
  });
});

describe('stored results', () => {
  it('run again unchanged, nothing is computed and everything is shown', async () => {
    await execute(adder(1, 2));
    const { started, cached, terminal } = await execute(adder(1, 2));
    expect(started).toEqual([]);
    expect(cached).toEqual(['one', 'two', 'sum', 'out']);
    expect(outputs(terminal)).toEqual({ out: { number: 3 } });
  });
  it('a changed value runs its node and what is downstream, nothing else', async () => {
    await execute(adder(1, 2));
    const { started, cached } = await execute(adder(1, 5));
    expect(started).toEqual(['two', 'sum', 'out']);
    expect(cached).toEqual(['one']);
  });
  it('survive renaming a node, and going back to an earlier value', async () => {
    await execute(adder(1, 2));
    await execute(adder(1, 5));
    expect((await execute(adder(1, 2))).started).toEqual([]);
    const renamed = JSON.parse(JSON.stringify(adder(1, 2)).replaceAll('"sum"', '"total"')) as Graph;
    expect((await execute(renamed)).started).toEqual([]);
  });
  it('an input left at its default and one typed to the same are the same work, and so are -0 and 0', async () => {
    await execute(graphOf({ sum: ['add', { a: 0 }], out: ['show'] }, [['sum.number', 'out.number']]));
    expect((await execute(graphOf({ sum: ['add', { a: -0, b: 0 }], out: ['show'] }, [['sum.number', 'out.number']]))).started).toEqual([]);
  });
  it('tell apart texts that only look the same', async () => {
    const say = (text: string) => graphOf({ out: ['say', { text }] });
    for (const text of ['\u00e9', 'e\u0301', '\ud83d\ude00', '\ud83d', '']) expect((await execute(say(text))).started).toEqual(['out']);
    for (const text of ['\u00e9', 'e\u0301', '\ud83d\ude00', '\ud83d', ''])
      expect(outputs((await execute(say(text))).terminal)).toEqual({ out: { text } });
    expect(ran['out']).toBe(5);
  });
  it('are made again when the files of a path change', async () => {
    const graph = graphOf({ read: ['read', { folder: '/photos' }], out: ['say'] }, [['read.text', 'out.text']]);
    fingerprints = { '/photos': 'v1' };
    await execute(graph);
    expect((await execute(graph)).started).toEqual([]);
    fingerprints = { '/photos': 'v2' };
    expect(await reasons(graph)).toEqual({ read: 'run: the files of input folder changed', out: 'run: upstream node read changed' });
    expect((await execute(graph)).started).toEqual(['read', 'out']);
  });
  it('of nodes that write do not exist: those run every time, without running what feeds them', async () => {
    const graph = graphOf({ src: ['number', { value: 1 }], out: ['save'] }, [['src.number', 'out.number']]);
    await execute(graph);
    expect((await execute(graph)).started).toEqual(['out']);
    expect(ran).toEqual({ src: 1, out: 2 });
  });
  it('that are gone are made again only where they are needed', async () => {
    await execute(adder(1, 2));
    const [one] = (await planRun({ graph: adder(1, 2), catalogue, cache, history, host, provider: 'cpu' })).steps;
    const kept = cache;
    cache = { ...kept, get: async (key) => (key === one!.key ? null : kept.get(key)) };
    const { started, cached } = await execute(adder(1, 2));
    expect([started, cached]).toEqual([[], ['two', 'sum', 'out']]);
    expect((await execute(adder(1, 9))).started).toEqual(['one', 'two', 'sum', 'out']);
  });
  it('that no longer pass their port do not count', async () => {
    const kept = cache;
    cache = {
      ...kept,
      get: async (key) => {
        const result = await kept.get(key);
        return result && { ...result, outputs: { number: 'three' } };
      },
    };
    await execute(adder(1, 2));
    expect((await execute(adder(1, 2))).started).toHaveLength(4);
  });
  it('of the null provider never stand for computed ones, while cpu and webgpu share theirs', async () => {
    await execute(adder(1, 2), { provider: 'null' });
    expect((await execute(adder(1, 2), { provider: 'cpu' })).started).toHaveLength(4);
    expect((await execute(adder(1, 2), { provider: 'webgpu' })).started).toEqual([]);
  });
  it('that cannot be stored do not stop the run, which says so', async () => {
    cache = {
      ...cache,
      set: async () => {
        throw new Error('ENOSPC: no space left on device');
      },
    };
    const { terminal, of } = await execute(adder(1, 2));
    expect(terminal.type).toBe('run_succeeded');
    expect(of('node_log').map(({ node: at, level, message }) => [at, level, message])[0]).toEqual([
      'one',
      'warn',
      'result: expected to store it for later runs, got Error: ENOSPC: no space left on device',
    ]);
  });
});

describe('explanations', () => {
  it('say why each node runs or not', async () => {
    expect(await reasons(adder(1, 2))).toEqual({
      one: 'run: never ran before',
      two: 'run: never ran before',
      sum: 'run: never ran before',
      out: 'run: never ran before',
    });
    await execute(adder(1, 2));
    const stored = 'cached: nothing changed since its result was stored';
    expect(await reasons(adder(1, 2))).toEqual({ one: stored, two: stored, sum: stored, out: stored });
    expect(await reasons(adder(1, 5))).toEqual({
      one: stored,
      two: 'run: input value changed from 2 to 5',
      sum: 'run: upstream node two changed',
      out: 'run: upstream node sum changed',
    });
  });
  it('name a link that was moved, cut or made', async () => {
    await execute(adder(1, 2));
    const moved = adder(1, 2);
    moved.links[1]!.from = ['one', 'number'];
    expect((await reasons(moved))['sum']).toBe('run: input b was linked to two.number and is now linked to one.number');
    const cut = adder(1, 2);
    cut.links.splice(1, 1);
    expect((await reasons(cut))['sum']).toBe('run: input b is no longer linked');
    await execute(cut);
    expect((await reasons(moved))['sum']).toBe('run: input b is now linked to one.number');
  });
  it('name a result that is gone and a node that writes', async () => {
    await execute(adder(1, 2));
    cache = createMemoryCache();
    expect((await reasons(adder(1, 2)))['one']).toBe('run: its stored result is gone');
    expect(await reasons(graphOf({ out: ['save', { number: 1 }] }))).toEqual({ out: 'run: writes files, so it runs every time' });
  });
  it('run nothing, and give all problems of a graph that cannot run', async () => {
    const { plan, problems } = await explainRun({
      graph: graphOf({ out: ['show'], other: ['say', { text: 1 }] }),
      catalogue,
      cache,
      history,
      host,
      provider: 'cpu',
    });
    expect([plan, problems.map(({ code }) => code)]).toEqual([[], ['CORE_MISSING_INPUT', 'CORE_BAD_VALUE']]);
    expect(ran).toEqual({});
  });
});

describe('a graph with problems', () => {
  it('fails with all of them before anything starts', async () => {
    const { events } = await execute(
      graphOf({ s: ['text', { text: 'x' }], out: ['show'], bad: ['small', { a: Number.NaN }], see: ['show'] }, [
        ['s.text', 'out.number'],
        ['bad.number', 'see.number'],
      ]),
    );
    expect(events).toMatchObject([
      {
        type: 'run_failed',
        problems: [
          { code: 'CORE_LINK_TYPE', node: 'out', port: 'number' },
          { code: 'CORE_BAD_VALUE', node: 'bad', port: 'a' },
        ],
      },
    ]);
  });
  it('fails on a missing node, and its sound part still runs when asked for', async () => {
    const graph = graphOf({ one: ['number', { value: 1 }], out: ['show'], broken: ['show'] }, [
      ['one.number', 'out.number'],
      ['removed.number', 'broken.number'],
    ]);
    expect(problem((await execute(graph)).terminal)).toMatchObject({ code: 'CORE_UNKNOWN_NODE', node: 'broken', port: 'number' });
    expect((await execute(graph, { targets: ['out'] })).terminal.type).toBe('run_succeeded');
  });
  it('fails on a true cycle and on a node that feeds itself', async () => {
    const cycle = graphOf({ x: ['add'], y: ['add'], out: ['show'] }, [
      ['x.number', 'y.a'],
      ['y.number', 'x.a'],
      ['y.number', 'out.number'],
    ]);
    expect(problem((await execute(cycle)).terminal)?.code).toBe('CORE_CYCLE');
    expect(
      problem(
        (
          await execute(
            graphOf({ x: ['add'], out: ['show'] }, [
              ['x.number', 'x.a'],
              ['x.number', 'out.number'],
            ]),
          )
        ).terminal,
      )?.message,
    ).toBe('graph: expected no cycle, got x → x');
  });
  it('says which node and input name a path that cannot be read', async () => {
    const failing: EngineHost = {
      ...host,
      fingerprint: async () => {
        throw new Error('EACCES');
      },
    };
    const terminal = await executeRun({
      graph: graphOf({ read: ['read', { folder: '/root' }], out: ['say'] }, [['read.text', 'out.text']]),
      catalogue,
      cache,
      history,
      host: failing,
      provider: 'cpu',
      signal: new AbortController().signal,
      emit: () => {},
    });
    expect(problem(terminal)).toMatchObject({
      code: 'ENGINE_UNREADABLE_PATH',
      message: 'node read (test/read) > input folder: path /root: expected to read what it names, got Error: EACCES',
    });
  });
});

describe('a node that fails', () => {
  const graph = () =>
    graphOf({ src: ['number', { value: 2 }], s: ['special'], after: ['show'] }, [
      ['src.number', 's.a'],
      ['s.number', 'after.number'],
    ]);
  it('is named with what it threw and its inputs, and results until then stay stored', async () => {
    special = async () => {
      throw new RangeError('sizes differ');
    };
    const { terminal, of, started } = await execute(graph());
    const message = 'node s (test/special): expected the node to finish, got RangeError: sizes differ (inputs: a 2)';
    expect(problem(terminal)).toEqual({ code: 'ENGINE_NODE_FAILED', node: 's', message });
    expect(of('node_failed')).toEqual([{ type: 'node_failed', node: 's', problem: { code: 'ENGINE_NODE_FAILED', node: 's', message } }]);
    expect(of('node_log')[0]!.message).toContain('sizes differ');
    expect(started).toEqual(['src', 's']);
    expect(closed).toEqual(['src', 's']);
    special = async () => ({ number: 1 });
    expect((await execute(graph())).started).toEqual(['s', 'after']);
  });
  it('keeps the code of its own error', async () => {
    special = async () => {
      throw new CodedError('MY_CODE', 'file x: expected a model, got a picture');
    };
    expect(problem((await execute(graph())).terminal)).toEqual({
      code: 'MY_CODE',
      node: 's',
      message: 'node s (test/special): file x: expected a model, got a picture',
    });
  });
  it('gives an output of the wrong type: the output is named, with what came', async () => {
    special = async () => ({ number: 'three' });
    expect(problem((await execute(graph())).terminal)).toEqual({
      code: 'CORE_BAD_VALUE',
      node: 's',
      port: 'number',
      message: 'node s (test/special) > output number: expected a number from -1000000000 to 1000000000, got "three"',
    });
  });
  it.each([
    [{ number: Number.NaN }, 'CORE_BAD_VALUE'],
    [{}, 'CORE_BAD_VALUE'],
    [undefined, 'ENGINE_NOT_OUTPUTS'],
    [{ number: 1, extra: 2 }, 'ENGINE_NOT_OUTPUTS'],
  ])('gives %j: refused with %s', async (given, code) => {
    special = async () => given;
    expect(problem((await execute(graph())).terminal)?.code).toBe(code);
  });
  it('gets a value its input does not take: the input is named', async () => {
    const terminal = (
      await execute(
        graphOf({ src: ['number', { value: 11 }], s: ['small'], out: ['show'] }, [
          ['src.number', 's.a'],
          ['s.number', 'out.number'],
        ]),
      )
    ).terminal;
    expect(problem(terminal)).toEqual({
      code: 'CORE_BAD_VALUE',
      node: 's',
      port: 'a',
      message: 'node s (test/small) > input a: expected a number from 0 to 10, got 11',
    });
  });
  it('writes to a value that others see: it fails, and the others see it unchanged', async () => {
    special = async ({ images }) => {
      images[0].caption = 'mine';
      return { number: 0 };
    };
    const shared = graphOf({ p: ['paint', { name: 'x' }], s: ['special'], out: ['show'] }, [
      ['p.image', 's.images'],
      ['s.number', 'out.number'],
    ]);
    expect(problem((await execute(shared)).terminal)?.message).toContain("TypeError: Cannot assign to read only property 'caption'");
    special = async ({ images }) => ({ number: images[0].caption === '' ? 1 : 0 });
    expect(outputs((await execute(shared)).terminal)).toEqual({ out: { number: 1 } });
  });
  it('cannot be loaded', async () => {
    const broken = createCatalogue([{ definition: packages[8]!.definition, load: () => Promise.reject(new Error('Cannot find module')) }]);
    const terminal = await executeRun({
      graph: graphOf({ out: ['show', { number: 1 }] }),
      catalogue: broken,
      cache,
      history,
      host,
      provider: 'cpu',
      signal: new AbortController().signal,
      emit: () => {},
    });
    expect(problem(terminal)).toEqual({
      code: 'ENGINE_LOAD_FAILED',
      node: 'out',
      message: 'node out (test/show): code: expected a module that exports run, got Error: Cannot find module',
    });
  });
  it('does not keep a later run from succeeding', async () => {
    special = async () => {
      throw new Error('once');
    };
    await execute(graph());
    expect((await execute(adder(1, 2))).terminal.type).toBe('run_succeeded');
  });
});

describe('cancelling', () => {
  const graph = () =>
    graphOf({ src: ['number', { value: 2 }], s: ['special'], after: ['show'] }, [
      ['src.number', 's.a'],
      ['s.number', 'after.number'],
    ]);
  it('stops a node in the middle, and what had finished stays stored', async () => {
    const controller = new AbortController();
    special = async (_, { signal, progress }) => {
      for (let step = 1; ; step++) {
        signal.throwIfAborted();
        progress(step, 1000);
        if (step === 3) setTimeout(() => controller.abort());
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
    };
    const { terminal, of } = await execute(graph(), { signal: controller.signal });
    expect(terminal).toEqual({ type: 'run_cancelled' });
    expect(of('node_failed')).toEqual([]);
    expect(closed).toEqual(['src', 's']);
    special = async () => ({ number: 1 });
    expect((await execute(graph())).started).toEqual(['s', 'after']);
  });
  it('stops before the next node when the node does not look, and keeps its result', async () => {
    const controller = new AbortController();
    special = async () => {
      controller.abort();
      return { number: 1 };
    };
    const { terminal, started } = await execute(graph(), { signal: controller.signal });
    expect([terminal.type, started]).toEqual(['run_cancelled', ['src', 's']]);
    expect((await execute(graph())).started).toEqual(['after']);
  });
  it('before the start runs nothing', async () => {
    expect(await execute(graph(), { signal: AbortSignal.abort() })).toMatchObject({ terminal: { type: 'run_cancelled' }, started: [] });
  });
  it('after the last node has finished is too late', async () => {
    const controller = new AbortController();
    const { terminal } = await execute(adder(1, 2), {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'node_finished' && event.node === 'out') controller.abort();
      },
    });
    expect(terminal.type).toBe('run_succeeded');
  });
  it('gets in between nodes that never wait', async () => {
    const controller = new AbortController();
    const count = 20_000;
    const nodes = Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`n${i}`, ['add', { a: 1 }] as [string, Record<string, unknown>]]),
    );
    const links = Array.from({ length: count - 1 }, (_, i): [string, string] => [`n${i}.number`, `n${i + 1}.a`]);
    const { terminal } = await execute(graphOf({ ...nodes, out: ['show'] }, [...links, [`n${count - 1}.number`, 'out.number']]), {
      signal: controller.signal,
      onEvent: (event) => {
        if (event.type === 'run_started') setTimeout(() => controller.abort());
      },
    });
    expect(terminal.type).toBe('run_cancelled');
    expect(Object.keys(ran).length).toBeLessThan(count);
  });
});

describe('what a node says', () => {
  const graph = graphOf({ s: ['special'], out: ['show'] }, [['s.number', 'out.number']]);
  it('becomes events; progress is thinned out, its last step never, and time left follows the rate of steps', async () => {
    let elapsed = 0;
    special = async (_, context) => {
      context.log('info', 'hello');
      context.metric('loss', 1, 0.5);
      context.metric('loss', 2, Number.NaN);
      context.progress(0, 200);
      const begun = performance.now();
      for (let step = 1; step <= 200; step++) {
        if (step === 100) await new Promise((resolve) => setTimeout(resolve, 120));
        if (step === 100) elapsed = (performance.now() - begun) / 1000;
        context.progress(step, 200, { width: 7, height: 1, channels: 1, data: new Uint8Array(7) });
      }
      return { number: context.rng(1)() };
    };
    const { of } = await execute(graph);
    expect(of('node_log').map(({ level, message }) => [level, message])).toEqual([
      ['info', 'hello'],
      ['warn', 'metric loss at step 2: expected a finite number, got NaN'],
    ]);
    expect(of('node_metric')).toEqual([{ type: 'node_metric', node: 's', name: 'loss', step: 1, value: 0.5 }]);
    expect(of('node_progress').map(({ done }) => done)).toEqual([0, 100, 200]);
    expect(of('node_progress').map(({ secondsLeft }) => secondsLeft)).toEqual([null, expect.closeTo(elapsed, 1), 0]);
    expect(of('node_preview')[0]).toEqual({ type: 'node_preview', node: 's', image: 'data:image/png;base64,7' });
  });
  it('after it has ended is not heard', async () => {
    let late: NodeContext | undefined;
    special = async (_, context) => {
      late = context;
      return { number: 1 };
    };
    const { events } = await execute(graph);
    const before = events.length;
    late!.progress(1, 2);
    late!.metric('loss', 1, 1);
    expect(events).toHaveLength(before);
  });
});

describe('large graphs', () => {
  /** Layers of two nodes, each fed by both of the layer before: 2^depth paths. */
  const diamond = (layers: number) => {
    const nodes: Record<string, [string, Record<string, unknown>?]> = { l0: ['number', { value: 0 }], r0: ['number', { value: 1 }] };
    const links: [string, string][] = [];
    for (let i = 1; i < layers; i++)
      for (const side of ['l', 'r']) {
        nodes[`${side}${i}`] = ['add'];
        links.push(
          [`l${i - 1}.number`, `${side}${i}.${side === 'l' ? 'a' : 'b'}`],
          [`r${i - 1}.number`, `${side}${i}.${side === 'l' ? 'b' : 'a'}`],
        );
      }
    return graphOf({ ...nodes, out: ['show'] }, [...links, [`l${layers - 1}.number`, 'out.number']]);
  };
  it('a diamond of 10,000 nodes is planned by looking at each node once', async () => {
    let looked = 0;
    const counting: ResultCache = {
      ...cache,
      get: async (key) => {
        looked++;
        return cache.get(key);
      },
    };
    const { steps } = await planRun({ graph: diamond(5000), catalogue, cache: counting, history, host, provider: 'cpu' });
    expect(looked).toBe(10_000);
    expect(steps).toHaveLength(10_000);
    const place = new Map(steps.map((step, i) => [step.node, i]));
    expect(place.get('l0')!).toBeLessThan(place.get('l1')!);
    expect(place.get('r4998')!).toBeLessThan(place.get('l4999')!);
  });
});
