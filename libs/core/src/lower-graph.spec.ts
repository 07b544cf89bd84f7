import { describe, expect, it } from 'vitest';
import type { Definitions } from './catalogue.ts';
import type { Graph } from './graph.ts';
import { lowerGraph } from './lower-graph.ts';
import { defineNode, type NodeDefinition } from './node.ts';
import { parseGraph } from './parse-graph.ts';
import { port } from './port.ts';
import { nodeInside, withSubgraphs } from './subgraph-ports.ts';
import { prepareGraph, validateDocument } from './validate-graph.ts';

const base = { title: 'T', summary: 'S.', category: 'Test', effects: 'none', version: 1 } as const;
const number = () => port.number({ min: 0, max: 100 });
const definitions: NodeDefinition[] = [
  defineNode({ ...base, type: 'test/number', inputs: { value: port.number({ min: 0, max: 10 }) }, outputs: { number: number() } }),
  defineNode({
    ...base,
    type: 'test/add',
    inputs: { a: number(), b: port.number({ min: 0, max: 10, default: 1 }), note: port.optional(port.text()) },
    outputs: { sum: number() },
  }),
  defineNode({ ...base, type: 'test/picture', inputs: {}, outputs: { image: port.image() } }),
  defineNode({
    ...base,
    type: 'test/repair',
    inputs: { mask: port.optional(port.image()), image: port.image(), strength: port.number({ min: 0, max: 1, default: 0.5 }) },
    outputs: { image: port.image(), strength: port.number({ min: 0, max: 1 }), report: port.report() },
  }),
  defineNode({ ...base, type: 'test/look', inputs: { image: port.image() }, outputs: {}, output: true }),
  defineNode({ ...base, type: 'test/read', inputs: { report: port.report() }, outputs: {}, output: true }),
  defineNode({ ...base, type: 'test/show', inputs: { number: number() }, outputs: {}, output: true }),
];
const catalogue: Definitions = new Map(definitions.map((definition) => [definition.type, { definition }]));

interface Short {
  readonly nodes: Record<string, string | Record<string, unknown>>;
  readonly links?: readonly string[];
  readonly inputs?: Record<string, string | readonly string[]>;
  readonly outputs?: Record<string, string>;
}
const end = (text: string) => text.split('.');
const content = ({ nodes, links = [] }: Short) => ({
  nodes: Object.fromEntries(
    Object.entries(nodes).map(([id, node]) => {
      const { is, ...rest } = typeof node === 'string' ? { is: node } : (node as { is: string });
      return [id, { type: is.includes('/') ? is : `test/${is}`, version: 1, ...rest }];
    }),
  ),
  links: links.map((text) => {
    const [from = '', to = ''] = text.split(' > ');
    return { from: end(from), to: end(to) };
  }),
});
/** A node is its type, or `{ is: TYPE, values … }`; a link is `a.out > b.in`. */
const documentOf = (root: Short, subgraphs: Record<string, Short> = {}): Graph => {
  const { graph, problems } = parseGraph({
    facewright: 1,
    ...content(root),
    subgraphs: Object.fromEntries(
      Object.entries(subgraphs).map(([id, inner]) => [
        id,
        {
          title: id,
          ...content(inner),
          inputs: Object.fromEntries(Object.entries(inner.inputs ?? {}).map(([name, to]) => [name, { to: [to].flat().map(end) }])),
          outputs: Object.fromEntries(Object.entries(inner.outputs ?? {}).map(([name, from]) => [name, { from: end(from) }])),
        },
      ]),
    ),
  });
  if (!graph) throw new Error(problems.map(({ message }) => message).join('\n'));
  return graph;
};
const lowered = (graph: Graph) => {
  const result = lowerGraph(graph, catalogue);
  return {
    nodes: Object.fromEntries(Object.entries(result.graph?.nodes ?? {}).map(([id, { values }]) => [id, values])),
    links: (result.graph?.links ?? []).map(({ from, to }) => `${from.join('.')} > ${to.join('.')}`),
    problems: result.problems.map(({ message }) => message),
  };
};
const problemsOf = (graph: Graph, targets?: readonly string[]) =>
  prepareGraph(graph, catalogue, targets ? { targets } : {}).problems.map(({ message }) => message);

const adding: Short = { nodes: { plus: 'add' }, inputs: { start: 'plus.a', step: 'plus.b' }, outputs: { sum: 'plus.sum' } };

describe('a graph without subgraphs and modes', () => {
  it('is lowered to itself', () => {
    const graph = documentOf({ nodes: { one: 'number', out: 'show' }, links: ['one.number > out.number'] });
    expect(lowered(graph)).toEqual({ nodes: { one: {}, out: {} }, links: ['one.number > out.number'], problems: [] });
  });
});

describe('a subgraph', () => {
  it('is written out at each use, with the values and links of the use', () => {
    const graph = documentOf(
      {
        nodes: {
          one: { is: 'number', values: { value: 1 } },
          left: { is: 'subgraph/adding', values: { step: 2 } },
          right: { is: 'subgraph/adding', values: { start: 5 } },
          out: 'show',
        },
        links: ['one.number > left.start', 'left.sum > out.number'],
      },
      { adding },
    );
    expect(lowered(graph)).toEqual({
      nodes: { one: { value: 1 }, 'left:plus': { b: 2 }, 'right:plus': { a: 5 }, out: {} },
      links: ['one.number > left:plus.a', 'left:plus.sum > out.number'],
      problems: [],
    });
  });
  it('keeps the value typed inside where its use gives none, and does not share what a use gives', () => {
    const graph = documentOf(
      { nodes: { left: { is: 'subgraph/adding', values: { step: 3 } }, right: 'subgraph/adding' } },
      { adding: { ...adding, nodes: { plus: { is: 'add', values: { a: 1, b: 2 } } } } },
    );
    expect(lowered(graph).nodes).toEqual({ 'left:plus': { a: 1, b: 3 }, 'right:plus': { a: 1, b: 2 } });
    expect(graph.subgraphs?.['adding']?.nodes['plus']?.values).toEqual({ a: 1, b: 2 });
  });
  it('stands in others: inputs fan out, outputs come through', () => {
    const graph = documentOf(
      { nodes: { one: 'number', both: 'subgraph/both', out: 'show' }, links: ['one.number > both.start', 'both.sum > out.number'] },
      {
        adding,
        both: {
          nodes: { first: 'subgraph/adding', second: { is: 'subgraph/adding', values: { step: 4 } }, all: 'add' },
          links: ['first.sum > all.a', 'second.sum > all.b'],
          inputs: { start: ['first.start', 'second.start'] },
          outputs: { sum: 'all.sum' },
        },
      },
    );
    expect(lowered(graph)).toEqual({
      nodes: { one: {}, 'both:first:plus': {}, 'both:second:plus': { b: 4 }, 'both:all': {}, out: {} },
      links: [
        'both:first:plus.sum > both:all.a',
        'both:second:plus.sum > both:all.b',
        'one.number > both:first:plus.a',
        'one.number > both:second:plus.a',
        'both:all.sum > out.number',
      ],
      problems: [],
    });
  });
  it('is looked into by the ids of what it was written out to', () => {
    const graph = documentOf({ nodes: { use: 'subgraph/adding', one: 'number' } }, { adding });
    expect(['use:plus', 'use#3:plus', 'one', 'use', 'use:minus', 'one:plus', ''].map((way) => nodeInside(graph, way)?.type)).toEqual([
      'test/add',
      'test/add',
      'test/number',
      'subgraph/adding',
      undefined,
      undefined,
      undefined,
    ]);
  });
  it('is a node type whose ports are those inside, optional where a value stands there', () => {
    const graph = documentOf(
      { nodes: {} },
      {
        adding: { ...adding, inputs: { ...adding.inputs, note: 'plus.note' } },
        filled: { ...adding, nodes: { plus: { is: 'add', values: { a: 7 } } } },
      },
    );
    const ports = (id: string) =>
      Object.entries(withSubgraphs(graph, catalogue).get(`subgraph/${id}`)!.definition.inputs).map(
        ([name, { optional, default: usual }]) => [name, optional, usual as unknown],
      );
    expect(ports('adding')).toEqual([
      ['start', false, undefined],
      ['step', false, 1],
      ['note', true, undefined],
    ]);
    expect(ports('filled')[0]).toEqual(['start', false, 7]);
  });
  it('says all that is wrong with it and its uses, naming both', () => {
    const graph = documentOf(
      {
        nodes: {
          a: { is: 'subgraph/bad', values: { nothing: 1 } },
          b: 'subgraph/addin',
          c: { is: 'add', repeat: { times: 2 }, values: { a: 1 } },
          out: 'show',
        },
        links: ['a.some > out.number', 'b.sum > c.note'],
      },
      {
        adding,
        bad: {
          nodes: { plus: { is: 'add', values: { b: 'two' } }, gone: 'gone' },
          links: ['plus.sum > plus.b'],
          inputs: { start: ['plus.aa', 'minus.a'], step: 'plus.b' },
          outputs: { sum: 'plus.sume' },
        },
      },
    );
    expect(validateDocument(graph, catalogue).map(({ message }) => message)).toEqual([
      'subgraph bad > input start: expected an input among a, b, note, got "aa"',
      'subgraph bad > input start: expected a node of the graph, got "minus"',
      'subgraph bad > input step: expected an inner input without a link, got plus.b, which a link feeds already',
      'subgraph bad > output sum: expected an output among sum, got "sume"',
      'node a (subgraph/bad): expected an input among start, step, got "nothing"',
      'node a (subgraph/bad): expected an output among sum, got "some"',
      'node a:plus (test/add) > input a: expected a number from 0 to 100, got nothing',
      'node a:gone (test/gone): type: expected an installed node type, got test/gone (did you mean test/look?)',
      'node b (subgraph/addin): type: expected a subgraph among adding, bad, got "subgraph/addin" (did you mean subgraph/adding?)',
      'node c (test/add): repeat: expected it on a subgraph, got it on test/add',
      'node out (test/show) > input number: expected a number from 0 to 100, got nothing',
      'graph: expected no cycle, got a:plus → a:plus',
    ]);
  });
  it('that no node uses may be half built', () =>
    expect(
      problemsOf(
        documentOf(
          { nodes: { one: { is: 'number', values: { value: 1 } }, out: 'show' }, links: ['one.number > out.number'] },
          { bad: { nodes: { gone: 'gone' }, outputs: { x: 'no.x' } } },
        ),
      ),
    ).toEqual([]));
});

describe('a repeated subgraph', () => {
  const carrying = (repeat: object) =>
    documentOf(
      {
        nodes: { one: 'number', loop: { is: 'subgraph/adding', values: { step: 2 }, repeat }, out: 'show' },
        links: ['one.number > loop.start', 'loop.sum > out.number'],
      },
      { adding },
    );
  it('is unrolled: each round takes what the one before gave, and the last one gives the outputs', () =>
    expect(lowered(carrying({ times: 3, carry: { sum: 'start' } }))).toEqual({
      nodes: { one: {}, 'loop#1:plus': { b: 2 }, 'loop#2:plus': { b: 2 }, 'loop#3:plus': { b: 2 }, out: {} },
      links: [
        'loop#1:plus.sum > loop#2:plus.a',
        'loop#2:plus.sum > loop#3:plus.a',
        'one.number > loop#1:plus.a',
        'loop#3:plus.sum > out.number',
      ],
      problems: [],
    }));
  it('gives inputs that are not carried to every round', () =>
    expect(lowered(carrying({ times: 2 })).links).toEqual([
      'one.number > loop#1:plus.a',
      'one.number > loop#2:plus.a',
      'loop#2:plus.sum > out.number',
    ]));
  it('says what is wrong once, not in every round', () => {
    const graph = carrying({ times: 50, carry: { sum: 'start' } });
    graph.nodes['loop']!.values = { step: 99 };
    expect(validateDocument(graph, catalogue).map(({ message }) => message)).toEqual([
      'node one (test/number) > input value: expected a number from 0 to 10, got nothing',
      'node loop#1:plus (test/add) > input b: expected a number from 0 to 10, got 99',
    ]);
  });
  it('refuses ports to carry that are not there, and two outputs for one input', () => {
    expect(lowered(carrying({ times: 2, carry: { sume: 'start' } })).problems).toEqual([
      'node loop (subgraph/adding): expected an output among sum, got "sume" (did you mean sum?)',
    ]);
    expect(lowered(carrying({ times: 2, carry: { sum: 'star' } })).problems).toEqual([
      'node loop (subgraph/adding): expected an input among start, step, got "star" (did you mean start?)',
    ]);
    expect(lowered(carrying({ times: 2, carry: { sum: 'start', other: 'start' } })).problems).toEqual([
      'node loop (subgraph/adding): repeat: expected one output to feed input start of the next round, got sum, other',
    ]);
  });
});

describe('a hostile document', () => {
  const chain = (length: number, uses: number, repeat?: object) =>
    documentOf(
      { nodes: { top: 'subgraph/s0' } },
      Object.fromEntries(
        Array.from({ length }, (_, i) => [
          `s${i}`,
          {
            nodes:
              i === length - 1
                ? { one: { is: 'number', values: { value: 1 } } }
                : Object.fromEntries(
                    Array.from({ length: uses }, (_, j) => [`n${j}`, { is: `subgraph/s${i + 1}`, ...(repeat && { repeat }) }]),
                  ),
          },
        ]),
      ),
    );
  it('whose subgraphs contain themselves is refused by the way round', () => {
    const graph = documentOf(
      { nodes: { x: 'subgraph/a' } },
      { a: { nodes: { y: 'subgraph/b' } }, b: { nodes: { z: 'subgraph/a', own: 'subgraph/b' } } },
    );
    expect(problemsOf(graph)).toEqual([
      'subgraph a: expected one that does not contain itself, got a → b → a',
      'subgraph b: expected one that does not contain itself, got b → b',
    ]);
  });
  it('whose subgraphs stand too deep in each other is refused', () => {
    expect(problemsOf(chain(32, 1))).toEqual([
      'graph: expected at least one node that shows or saves a result, such as test/look, got none',
    ]);
    expect(problemsOf(chain(33, 1))).toEqual(['subgraphs: expected at most 32 inside each other, got s0 → s1 → s2 → … → s32']);
    expect(problemsOf(chain(20_000, 1))[0]).toMatch(/^subgraphs: expected at most 32 inside each other/);
  });
  it('that would become too much is refused before it is written out', () => {
    const tooMuch = 'subgraphs: expected at most 50000 nodes once every use and round is written out, got ';
    expect(problemsOf(chain(30, 10))[0]).toBe(`${tooMuch}far more`);
    expect(problemsOf(chain(3, 2, { times: 10_000 }))[0]).toBe(`${tooMuch}400000000 nodes`);
    expect(problemsOf(chain(3, 1, { times: 223 }))).toHaveLength(1);
    expect(Object.keys(lowered(chain(3, 1, { times: 223 })).nodes)).toHaveLength(49_729);
  });
  it('whose inputs fan out again and again, or whose ids and values are long, is refused too', () => {
    const names = Array.from({ length: 10 }, (_, i) => `in${i}`);
    const fan = (inner: string): Record<string, readonly string[]> =>
      Object.fromEntries(names.map((name) => [name, names.map((other) => `n.${inner || other}`)]));
    const fanning = documentOf(
      { nodes: { top: { is: 'subgraph/s0', values: { in0: 1 } } } },
      Object.fromEntries(
        Array.from({ length: 20 }, (_, i) => [
          `s${i}`,
          i === 19 ? { nodes: { n: 'add' }, inputs: fan('a') } : { nodes: { n: `subgraph/s${i + 1}` }, inputs: fan('') },
        ]),
      ),
    );
    expect(problemsOf(fanning)).toEqual(['subgraphs: expected at most 200000 links once every use and round is written out, got far more']);
    const long = documentOf(
      { nodes: { ['x'.repeat(200_000)]: { is: 'subgraph/s', repeat: { times: 300 } } } },
      { s: { nodes: { n: 'number' } } },
    );
    expect(problemsOf(long)).toEqual([
      'subgraphs: expected at most 50 MB of text once every use and round is written out, got 61 MB of text',
    ]);
    const text = documentOf(
      { nodes: { a: { is: 'subgraph/s', repeat: { times: 1000 } } } },
      { s: { nodes: { n: { is: 'add', values: { note: 'x'.repeat(100_000) } } } } },
    );
    expect(problemsOf(text)).toEqual([
      'subgraphs: expected at most 50 MB of text once every use and round is written out, got 101 MB of text',
    ]);
  });
  it('with many wrong uses is answered shortly', () => {
    const graph = documentOf(
      {
        nodes: { a: { is: 'subgraph/adding', repeat: { times: 10 } }, b: 'number' },
        links: Array.from({ length: 5000 }, (_, i) => `b.number > a.x${i}`),
      },
      { adding },
    );
    expect(lowered(graph).problems).toHaveLength(1000);
  });
});

describe('a muted node', () => {
  it('takes out what cannot do without it, and nothing else', () => {
    const graph = documentOf({
      nodes: {
        one: { is: 'number', mode: 'muted' },
        sum: 'add',
        more: 'add',
        out: 'show',
        two: { is: 'number', values: { value: 2 } },
        other: { is: 'add', values: { b: 4 } },
        look: 'show',
      },
      links: [
        'one.number > sum.a',
        'sum.sum > more.a',
        'more.sum > out.number',
        'two.number > other.a',
        'one.number > other.b',
        'other.sum > look.number',
      ],
    });
    expect(lowered(graph)).toEqual({
      nodes: { two: { value: 2 }, other: { b: 4 }, look: {} },
      links: ['two.number > other.a', 'other.sum > look.number'],
      problems: [],
    });
    expect(prepareGraph(graph, catalogue)).toMatchObject({ targets: ['look'], problems: [] });
    expect(problemsOf(graph, ['out', 'one'])).toEqual([
      'target out: expected a node that runs, got one that cannot do without node one, which is muted',
      'target one: expected a node that runs, got one that is muted',
    ]);
  });
  it('is a problem when no output is left', () => {
    const graph = documentOf({ nodes: { one: { is: 'number', mode: 'muted' }, out: 'show' }, links: ['one.number > out.number'] });
    const nothing = ['graph: expected at least one output that runs, got only some that are muted, bypassed or cannot do without node one'];
    expect(problemsOf(graph)).toEqual(nothing);
    expect(validateDocument(graph, catalogue).map(({ message }) => message)).toEqual(nothing);
  });
  it('may be half built', () =>
    expect(
      problemsOf(
        documentOf({
          nodes: { bad: { is: 'gone', mode: 'muted' }, one: { is: 'number', values: { value: 1 } }, out: 'show' },
          links: ['one.number > out.number'],
        }),
      ),
    ).toEqual([]));
});

describe('a bypassed node', () => {
  const repairing = (links: readonly string[], values = {}) =>
    documentOf({
      nodes: {
        picture: 'picture',
        mask: 'picture',
        repair: { is: 'repair', mode: 'bypassed', values },
        out: 'look',
        sum: { is: 'add', values: { a: 1 } },
        read: 'show',
      },
      links: [...links, 'sum.sum > read.number'],
    });
  it('passes on what its input of the same name gets, before others of the type', () =>
    expect(lowered(repairing(['mask.image > repair.mask', 'picture.image > repair.image', 'repair.image > out.image'])).links).toEqual([
      'picture.image > out.image',
      'sum.sum > read.number',
    ]));
  it('passes on the first linked input whose type fits', () =>
    expect(lowered(repairing(['mask.image > repair.mask', 'repair.image > out.image'])).links[0]).toBe('mask.image > out.image'));
  it('passes on a typed value, or a default', () => {
    expect(lowered(repairing(['repair.strength > sum.b'], { strength: 0.25 })).nodes['sum']).toEqual({ a: 1, b: 0.25 });
    expect(lowered(repairing(['repair.strength > sum.b'])).nodes['sum']).toEqual({ a: 1, b: 0.5 });
  });
  it('is followed through others, also where they only feed each other', () => {
    const count = 10_000;
    const nodes = Object.fromEntries(Array.from({ length: count }, (_, i) => [`n${i}`, { is: 'repair', mode: 'bypassed' }]));
    const links = Array.from({ length: count - 1 }, (_, i) => `n${i}.image > n${i + 1}.image`);
    const graph = (first: string) =>
      documentOf({ nodes: { picture: 'picture', ...nodes, out: 'look' }, links: [first, ...links, `n${count - 1}.image > out.image`] });
    expect(lowered(graph('picture.image > n0.image')).links).toEqual(['picture.image > out.image']);
    expect(lowered(graph(`n${count - 1}.image > n0.image`)).problems).toEqual([
      expect.stringMatching(
        /^node out \(test\/look\) > input image: expected a value through node n\d+, got nothing: the node is bypassed/,
      ),
    ]);
  });
  it('without an input that fits leaves what needs it with a problem', () => {
    const graph = documentOf({
      nodes: { repair: { is: 'repair', mode: 'bypassed' }, read: 'read' },
      links: ['repair.report > read.report'],
    });
    expect(problemsOf(graph)).toEqual([
      'node read (test/read) > input report: expected a value through node repair, got nothing: the node is bypassed, and no input of it that has a value fits its output report',
    ]);
    expect(problemsOf(graph, ['repair'])).toEqual(['target repair: expected a node that runs, got one that is bypassed']);
  });
  it('hands a muted node on', () => {
    const graph = repairing(['picture.image > repair.image', 'repair.image > out.image']);
    graph.nodes['picture'] = { ...graph.nodes['picture']!, mode: 'muted' };
    expect(Object.keys(lowered(graph).nodes)).toEqual(['mask', 'sum', 'read']);
  });
});

describe('a subgraph with a mode', () => {
  const graph = (mode: string) =>
    documentOf(
      {
        nodes: { one: 'number', use: { is: 'subgraph/adding', mode, values: { step: 2 } }, out: 'show' },
        links: ['one.number > use.start', 'use.sum > out.number'],
      },
      { adding },
    );
  it('bypassed, passes on by the types of its ports', () =>
    expect(lowered(graph('bypassed'))).toEqual({ nodes: { one: {}, out: {} }, links: ['one.number > out.number'], problems: [] }));
  it('muted, takes out what needs it', () => expect(lowered(graph('muted')).nodes).toEqual({ one: {} }));
  it('is not written out, so that one that contains itself may rest', () =>
    expect(
      problemsOf(
        documentOf(
          {
            nodes: { use: { is: 'subgraph/a', mode: 'muted' }, one: { is: 'number', values: { value: 1 } }, out: 'show' },
            links: ['one.number > out.number'],
          },
          { a: { nodes: { x: 'subgraph/a' } } },
        ),
      ),
    ).toEqual([]));
});

describe('targets', () => {
  const graph = documentOf(
    {
      nodes: {
        one: { is: 'number', values: { value: 1 } },
        use: { is: 'subgraph/showing', repeat: { times: 2, carry: { sum: 'start' } } },
        out: 'show',
        other: 'show',
      },
      links: ['one.number > use.start', 'use.sum > out.number'],
    },
    { showing: { ...adding, nodes: { plus: 'add', look: 'show' }, links: ['plus.sum > look.number'] } },
  );
  const targets = (...names: string[]) => prepareGraph(graph, catalogue, { targets: names });
  it('may be a subgraph, which means its outputs and the output nodes in it', () =>
    expect(targets('use')).toMatchObject({ targets: ['use#2:plus', 'use#1:look', 'use#2:look'], problems: [] }));
  it('may be a node inside one', () => expect(targets('use#1:plus')).toMatchObject({ targets: ['use#1:plus'], problems: [] }));
  it('are checked alone: what they do not need may be half built', () => {
    expect(targets('out').problems).toEqual([]);
    expect(targets('other').problems.map(({ message }) => message)).toEqual([
      'node other (test/show) > input number: expected a number from 0 to 100, got nothing',
    ]);
  });
  it('that are not there, and none at all, are problems', () => {
    expect(targets('use:plus', 'out').problems.map(({ message }) => message)).toEqual([
      'target: expected a node of the graph, got "use:plus" (did you mean use#1:plus?)',
    ]);
    expect(targets().problems.map(({ message }) => message)).toEqual(['targets: expected at least one node, got none']);
  });
});
