import { describe, expect, it } from 'vitest';
import { definitionsOf, type Definitions } from './catalogue.ts';
import type { Graph } from './graph.ts';
import { parseGraph } from './parse-graph.ts';
import { defineNode, describeNode, type NodeDefinition } from './node.ts';
import { port } from './port.ts';
import { prepareGraph, validateGraph } from './validate-graph.ts';

const base = { title: 'T', summary: 'S.', category: 'Test', effects: 'none', version: 1 } as const;
const definitions: NodeDefinition[] = [
  defineNode({
    ...base,
    type: 'test/number',
    inputs: { value: port.number({ min: 0, max: 10 }) },
    outputs: { number: port.number({ min: 0, max: 10 }) },
  }),
  defineNode({
    ...base,
    type: 'test/add',
    inputs: { a: port.number({ min: 0, max: 10 }), b: port.number({ min: 0, max: 10, default: 0 }), note: port.optional(port.text()) },
    outputs: { sum: port.number({ min: 0, max: 20 }) },
  }),
  defineNode({ ...base, type: 'test/text', inputs: { text: port.text({ default: '' }) }, outputs: { text: port.text() } }),
  defineNode({ ...base, type: 'test/keep', effects: 'writes', inputs: {}, outputs: {}, output: true }),
  defineNode({ ...base, type: 'test/compare', inputs: { left: port.text(), right: port.text() }, outputs: {}, output: true }),
  defineNode({ ...base, type: 'test/show', inputs: { number: port.number({ min: 0, max: 20 }) }, outputs: {}, output: true }),
];
const catalogue: Definitions = new Map(definitions.map((definition) => [definition.type, { definition }]));
const graphOf = (nodes: Record<string, [string, Record<string, unknown>?]>, links: [string, string][] = []): Graph =>
  parseGraph({
    facewright: 1,
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, [type, values = {}]]) => [id, { type: `test/${type}`, version: 1, values }])),
    links: links.map(([from, to]) => ({ from: from.split('.'), to: to.split('.') })),
  }).graph!;
const sound = () =>
  graphOf({ one: ['number', { value: 1 }], sum: ['add'], out: ['show'] }, [
    ['one.number', 'sum.a'],
    ['sum.sum', 'out.number'],
  ]);
const messages = (graph: Graph) => validateGraph(graph, catalogue).map(({ code, node, port: at, message }) => [code, node, at, message]);

describe('validateGraph', () => {
  it('finds nothing wrong with a sound graph', () => expect(validateGraph(sound(), catalogue)).toEqual([]));
  it('names everything at once: unknown type, wrong value, missing input, unknown ports, wrong link', () => {
    const graph = graphOf(
      { n: ['number', { value: 11, colour: 'red' }], t: ['text', { text: 5 }], sum: ['add'], gone: ['nubmer'], out: ['show'] },
      [
        ['t.text', 'out.number'],
        ['n.nmber', 'sum.b'],
        ['n.number', 'sum.c'],
      ],
    );
    expect(messages(graph)).toEqual([
      ['CORE_BAD_VALUE', 'n', 'value', 'node n (test/number) > input value: expected a number from 0 to 10, got 11'],
      ['CORE_UNKNOWN_PORT', 'n', 'colour', 'node n (test/number) > input colour: expected an input among value, got "colour"'],
      ['CORE_BAD_VALUE', 't', 'text', 'node t (test/text) > input text: expected text, got 5'],
      [
        'CORE_UNKNOWN_PORT',
        'sum',
        'b',
        'node sum (test/add) > input b > link > node n: expected an output among number, got "nmber" (did you mean number?)',
      ],
      ['CORE_UNKNOWN_PORT', 'sum', 'c', 'node sum (test/add) > input c: expected an input among a, b, note, got "c"'],
      ['CORE_MISSING_INPUT', 'sum', 'a', 'node sum (test/add) > input a: expected a number from 0 to 10, got nothing'],
      [
        'CORE_UNKNOWN_NODE_TYPE',
        'gone',
        undefined,
        'node gone (test/nubmer): type: expected an installed node type, got test/nubmer (did you mean test/number?)',
      ],
      [
        'CORE_LINK_TYPE',
        'out',
        'number',
        'node out (test/show) > input number: expected a number from 0 to 20, got text from node t output text',
      ],
    ]);
  });
  it.each([Number.NaN, Number.POSITIVE_INFINITY, null, '1', -0.001])('refuses %s as a number from 0 to 10', (value) => {
    expect(messages(graphOf({ n: ['number', { value }], out: ['show'] }, [['n.number', 'out.number']]))).toEqual([
      [
        'CORE_BAD_VALUE',
        'n',
        'value',
        `node n (test/number) > input value: expected a number from 0 to 10, got ${typeof value === 'string' ? '"1"' : value}`,
      ],
    ]);
  });
  it('refuses two links into one input and names both', () => {
    const graph = graphOf({ a: ['number', { value: 1 }], b: ['number', { value: 2 }], out: ['show'] }, [
      ['a.number', 'out.number'],
      ['b.number', 'out.number'],
    ]);
    expect(messages(graph)).toEqual([
      ['CORE_TWO_LINKS', 'out', 'number', 'node out (test/show) > input number: expected one link, got 2: from a.number, b.number'],
    ]);
  });
  it('refuses links from and to nodes that do not exist, whatever they are called', () => {
    const graph = graphOf({ one: ['number', { value: 1 }], out: ['show'] }, [
      ['constructor.number', 'out.number'],
      ['one.number', 'outt.number'],
    ]);
    expect(messages(graph)).toEqual([
      ['CORE_UNKNOWN_NODE', 'out', 'number', 'node out (test/show) > input number > link: expected a node of the graph, got "constructor"'],
      [
        'CORE_UNKNOWN_NODE',
        'outt',
        'number',
        'link from node one output number: expected a node of the graph, got "outt" (did you mean out?)',
      ],
    ]);
  });
  it('refuses ports named after what every object has', () => {
    expect(
      messages(graphOf({ one: ['number', { value: 1, toString: 2 }], out: ['show'] }, [['one.constructor', 'out.number']])).map(
        ([code]) => code,
      ),
    ).toEqual(['CORE_UNKNOWN_PORT', 'CORE_UNKNOWN_PORT']);
  });
  it('does not check a typed value that a link overrides', () => {
    expect(
      validateGraph(
        graphOf({ one: ['number', { value: 1 }], out: ['show', { number: 'old' }] }, [['one.number', 'out.number']]),
        catalogue,
      ),
    ).toEqual([]);
  });
  it('takes a whole graph without outputs for a mistake', () => {
    expect(messages(graphOf({ one: ['number', { value: 1 }] }))).toEqual([
      [
        'CORE_NO_OUTPUT',
        undefined,
        undefined,
        'graph: expected at least one node that shows or saves a result, such as test/show, got none',
      ],
    ]);
  });
  it('says the same when it only knows descriptions', () => {
    const known = definitionsOf(definitions.map((definition) => JSON.parse(JSON.stringify(describeNode(definition)))));
    const graph = graphOf({ n: ['number', { value: Number.NaN }], t: ['text'], out: ['show'], sum: ['add'] }, [['t.text', 'out.number']]);
    expect(validateGraph(graph, known)).toEqual(validateGraph(graph, catalogue));
    expect(validateGraph(graph, known)).toHaveLength(3);
  });
});

describe('cycles', () => {
  it('names the nodes of a true cycle in the direction of its links', () => {
    const graph = graphOf({ x: ['add'], y: ['add'], z: ['add'], out: ['show'] }, [
      ['x.sum', 'y.a'],
      ['y.sum', 'z.a'],
      ['z.sum', 'x.a'],
      ['z.sum', 'out.number'],
    ]);
    expect(messages(graph)).toEqual([
      [
        'CORE_CYCLE',
        expect.any(String),
        undefined,
        expect.stringMatching(/^graph: expected no cycle, got (x → y → z → x|y → z → x → y|z → x → y → z)$/),
      ],
    ]);
  });
  it('names a node that feeds itself', () => {
    expect(
      messages(
        graphOf({ x: ['add'], out: ['show'] }, [
          ['x.sum', 'x.a'],
          ['x.sum', 'out.number'],
        ]),
      ).at(-1),
    ).toEqual(['CORE_CYCLE', 'x', undefined, 'graph: expected no cycle, got x → x']);
  });
  it('names each of two separate cycles, also behind a node that is not on them', () => {
    const graph = graphOf({ a: ['add'], b: ['add'], c: ['add'], out: ['show'] }, [
      ['a.sum', 'a.a'],
      ['b.sum', 'c.a'],
      ['c.sum', 'b.a'],
      ['c.sum', 'out.number'],
    ]);
    expect(messages(graph).filter(([code]) => code === 'CORE_CYCLE')).toHaveLength(2);
  });
  it('does not take a diamond for a cycle', () => {
    const graph = graphOf({ one: ['number', { value: 1 }], l: ['add'], r: ['add'], sum: ['add'], out: ['show'] }, [
      ['one.number', 'l.a'],
      ['one.number', 'r.a'],
      ['l.sum', 'sum.a'],
      ['r.sum', 'sum.b'],
      ['sum.sum', 'out.number'],
    ]);
    expect(validateGraph(graph, catalogue)).toEqual([]);
  });
  it('finds a cycle of 20,000 nodes without exhausting the stack', () => {
    const count = 20_000;
    const nodes = Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, ['add'] as [string]]));
    const links = Array.from({ length: count }, (_, i): [string, string] => [`n${i}.sum`, `n${(i + 1) % count}.a`]);
    expect(messages(graphOf({ ...nodes, out: ['show', { number: 1 }] }, links)).map(([code]) => code)).toEqual(['CORE_CYCLE']);
  });
});

describe('prepareGraph', () => {
  it('lets a half-built node stand that no output needs', () => {
    const graph = sound();
    graph.nodes['draft'] = { type: 'test/add', version: 1, values: {} };
    expect(prepareGraph(graph, catalogue).problems).toEqual([]);
    expect(validateGraph(graph, catalogue)).toHaveLength(1);
  });
  it('does not skip a node of unknown type, which may be an output', () => {
    const graph = sound();
    graph.nodes['gone'] = { type: 'plugin/save', version: 1, values: {} };
    expect(prepareGraph(graph, catalogue).problems.map(({ code }) => code)).toEqual(['CORE_UNKNOWN_NODE_TYPE']);
    expect(prepareGraph(graph, catalogue, { targets: ['out'] }).problems).toEqual([]);
  });
  it('refuses an empty list of targets', () =>
    expect(prepareGraph(sound(), catalogue, { targets: [] }).problems.map(({ code }) => code)).toEqual(['CORE_NO_TARGETS']));
  it('refuses a graph without outputs, and a target that is not there', () => {
    expect(prepareGraph(graphOf({ one: ['number', { value: 1 }] }), catalogue).problems.map(({ code }) => code)).toEqual([
      'CORE_NO_OUTPUT',
    ]);
    expect(prepareGraph(sound(), catalogue, { targets: ['outt'] }).problems).toEqual([
      { code: 'CORE_UNKNOWN_NODE', node: 'outt', message: 'target: expected a node of the graph, got "outt" (did you mean out?)' },
    ]);
  });
  it('reports a needed node that was saved by a newer version', () => {
    const graph = sound();
    graph.nodes['sum']!.version = 2;
    expect(prepareGraph(graph, catalogue).problems.map(({ code, node }) => [code, node])).toEqual([['CORE_NEWER_VERSION', 'sum']]);
  });
});
describe('a hostile graph', () => {
  const names = Array.from({ length: 20_000 }, (_, i) => `node_with_a_name_${i}`);
  const links: [string, string][] = names.map((name) => [`x${name}.sum`, `${name}.a`]);
  // Comparing each name with every other would take an hour.
  it('with a mistake in each of 20,000 nodes and links is answered with the first thousand', () => {
    const graph = graphOf(Object.fromEntries(names.map((name) => [name, ['add', { [`unknown_${name}`]: 1 }]])), links);
    const { problems } = prepareGraph(graph, catalogue, { targets: names });
    expect(problems.length).toBeGreaterThan(999);
    expect(problems.length).toBeLessThan(1010);
    expect(problems[0]).toMatchObject({ code: 'CORE_UNKNOWN_PORT', node: names[0] });
  });
  it('with 100,000 values or links at one node is, too', () => {
    const many = Array.from({ length: 100_000 }, (_, i) => i);
    const values = Object.fromEntries(many.map((i) => [`v${i}`, 1]));
    for (const graph of [
      graphOf({ a: ['show', values] }),
      graphOf(
        { a: ['show'] },
        many.map((i) => [`n${i}.sum`, 'a.number']),
      ),
      graphOf(
        { a: ['add'] },
        many.map((i) => ['a.sum', `n${i}.a`]),
      ),
    ])
      expect(validateGraph(graph, catalogue).length).toBeLessThan(1010);
  });
  it('that is no graph at 100,000 places is, too', () => {
    const { problems } = parseGraph({ facewright: 1, nodes: Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`n${i}`, 5])) });
    expect(problems).toHaveLength(1000);
  });
});
