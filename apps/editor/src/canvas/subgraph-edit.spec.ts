import { lowerGraph, parseGraph, type Graph } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import {
  contains,
  exposePort,
  hidePort,
  importSubgraphs,
  makeSubgraph,
  neededSubgraphs,
  renamePort,
  unpackSubgraph,
  withoutLost,
} from './subgraph-edit.ts';

type Ends = [string, string];
const node = (type: string, values: Record<string, unknown> = {}) => ({ type, version: 1, values, position: [0, 0] });
const link = (text: string) => {
  const [from = '', to = ''] = text.split(' > ');
  return { from: from.split('.') as Ends, to: to.split('.') as Ends };
};
const documentOf = (nodes: Record<string, unknown>, links: readonly string[], subgraphs?: Record<string, unknown>): Graph =>
  parseGraph({ facewright: 1, nodes, links: links.map(link), ...(subgraphs && { subgraphs }) }).graph!;
/** What the engine would get, whatever the nodes inside are called. */
const flat = (graph: Graph) => {
  const { nodes, links } = lowerGraph(graph, new Map()).graph!;
  const name = (id: string) => id.split(':').at(-1)!;
  return [
    Object.entries(nodes)
      .map(([id, { values }]) => `${name(id)} ${JSON.stringify(values)}`)
      .sort(),
    links.map(({ from, to }) => `${name(from[0])}.${from[1]} > ${name(to[0])}.${to[1]}`).sort(),
  ];
};
const ports = (graph: Graph, id = 'subgraph') => {
  const { inputs, outputs } = graph.subgraphs![id]!;
  return [
    Object.entries(inputs).map(([name, { to }]) => `${name}: ${to.map((end) => end.join('.')).join(' ')}`),
    Object.entries(outputs).map(([name, { from }]) => `${name}: ${from.join('.')}`),
  ];
};
const chain = () =>
  documentOf({ a: node('x/a'), b: node('x/b', { size: 2 }), c: node('x/c'), d: node('x/d') }, [
    'a.out > b.in',
    'a.out > c.in',
    'b.out > c.other',
    'c.out > d.in',
    'b.out > d.more',
  ]);

describe('a subgraph made from chosen nodes', () => {
  it('has a port for each link that crosses its edge, and means the same', () => {
    const before = chain();
    const { graph, node: use } = makeSubgraph(before, null, ['b', 'c'], 'Middle');
    expect(use).toBe('subgraph');
    expect(ports(graph)).toEqual([['in: b.in c.in'], ['out: c.out', 'out2: b.out']]);
    expect(Object.keys(graph.nodes)).toEqual(['a', 'd', 'subgraph']);
    expect(graph.links.map(({ from, to }) => `${from.join('.')} > ${to.join('.')}`)).toEqual([
      'a.out > subgraph.in',
      'subgraph.out > d.in',
      'subgraph.out2 > d.more',
    ]);
    expect(flat(graph)).toEqual(flat(before));
    expect(parseGraph(graph).graph).toEqual(graph);
  });
  it('inside another takes over the ports of its nodes', () => {
    const outer = makeSubgraph(chain(), null, ['b', 'c'], 'Middle').graph;
    const exposed = exposePort(outer, 'subgraph', 'inputs', ['b', 'size']);
    exposed.nodes['subgraph']!.values['size'] = 5;
    const { graph } = makeSubgraph(exposed, 'subgraph', ['b'], 'Inner');
    expect(ports(graph, 'subgraph')).toEqual([
      ['in: c.in subgraph-2.in', 'size: subgraph-2.size'],
      ['out: c.out', 'out2: subgraph-2.out'],
    ]);
    expect(ports(graph, 'subgraph-2')).toEqual([['in: b.in', 'size: b.size'], ['out: b.out']]);
    expect(flat(graph)).toEqual(flat(exposed));
    expect([contains(graph, 'subgraph', 'subgraph-2'), contains(graph, 'subgraph-2', 'subgraph')]).toEqual([true, false]);
  });
});

describe('a subgraph that is unpacked', () => {
  it('leaves what was there before, with the values of its use, and its definition goes with its last use', () => {
    const { graph: made } = makeSubgraph(chain(), null, ['b', 'c'], 'Middle');
    const packed = exposePort(made, 'subgraph', 'inputs', ['b', 'size']);
    packed.nodes['subgraph']!.values['size'] = 7;
    const { graph, nodes } = unpackSubgraph(packed, null, 'subgraph');
    expect(nodes).toEqual(['b', 'c']);
    expect(flat(graph)).toEqual(flat(packed));
    expect(graph.nodes['b']?.values).toEqual({ size: 7 });
    expect(graph.subgraphs).toBeUndefined();
  });
  it('inside another hands its ports on', () => {
    const outer = makeSubgraph(chain(), null, ['b', 'c'], 'Middle').graph;
    const nested = makeSubgraph(outer, 'subgraph', ['b'], 'Inner').graph;
    const { graph } = unpackSubgraph(nested, 'subgraph', 'subgraph-2');
    expect(flat(graph)).toEqual(flat(outer));
    expect(Object.keys(graph.subgraphs!)).toEqual(['subgraph']);
  });
  it('stays where another use is', () => {
    const { graph: made } = makeSubgraph(chain(), null, ['b'], 'One');
    made.nodes['again'] = { ...made.nodes['subgraph']! };
    expect(Object.keys(unpackSubgraph(made, null, 'again').graph.subgraphs!)).toEqual(['subgraph']);
  });
});

describe('ports of a subgraph', () => {
  const used = () => {
    const graph = exposePort(makeSubgraph(chain(), null, ['b', 'c'], 'Middle').graph, 'subgraph', 'inputs', ['b', 'size']);
    graph.nodes['subgraph'] = { ...graph.nodes['subgraph']!, values: { size: 3 }, repeat: { times: 2, carry: { out: 'in' } } };
    return makeSubgraph(graph, null, ['subgraph'], 'Around').graph;
  };
  it('are renamed with all that speaks of them', () => {
    const graph = renamePort(renamePort(used(), 'subgraph', 'inputs', 'in', 'picture')!, 'subgraph', 'outputs', 'out', 'result')!;
    expect(graph.subgraphs!['subgraph-2']?.nodes['subgraph']).toMatchObject({
      values: { size: 3 },
      repeat: { carry: { result: 'picture' } },
    });
    expect(ports(graph, 'subgraph-2')).toEqual([['in: subgraph.picture'], ['out: subgraph.result', 'out2: subgraph.out2']]);
    expect(flat(graph)).toEqual(flat(used()));
  });
  it('keep their name where the new one is taken or cannot be one', () =>
    expect(['size', '1st', 'a b', ''].map((name) => renamePort(used(), 'subgraph', 'inputs', 'in', name))).toEqual([
      null,
      null,
      null,
      null,
    ]));
  it('that are hidden take links, values and outer ports with them', () => {
    const graph = hidePort(hidePort(used(), 'subgraph', 'inputs', ['b', 'size']), 'subgraph', 'outputs', ['b', 'out']);
    expect(ports(graph)).toEqual([['in: b.in c.in'], ['out: c.out']]);
    expect(graph.subgraphs!['subgraph-2']?.nodes['subgraph']?.values).toEqual({});
    expect(ports(graph, 'subgraph-2')[1]).toEqual(['out: subgraph.out']);
    expect(graph.links.map(({ to }) => to.join('.'))).toEqual(['subgraph-2.in', 'd.in']);
  });
  it('go with the nodes that they lead to, and nothing else goes', () => {
    const before = used();
    before.nodes['d']!.values['old'] = 1;
    before.links.push(link('nowhere.out > d.odd'));
    const after = structuredClone(before);
    delete after.subgraphs!['subgraph']!.nodes['c'];
    const graph = withoutLost(before, after);
    expect(ports(graph)).toEqual([['in: b.in', 'size: b.size'], ['out2: b.out']]);
    expect(graph.subgraphs!['subgraph-2']?.nodes['subgraph']?.repeat).toEqual({ times: 2, carry: {} });
    expect(graph.links.map(({ to }) => to.join('.'))).toEqual(['subgraph-2.in', 'd.more', 'd.odd']);
  });
});

describe('a copied piece', () => {
  it('brings its definitions along; one that is the same is used, another gets a new name', () => {
    const graph = makeSubgraph(makeSubgraph(chain(), null, ['b', 'c'], 'Middle').graph, 'subgraph', ['b'], 'Inner').graph;
    const piece = {
      ...graph,
      nodes: { use: graph.nodes['subgraph']! },
      links: [],
      subgraphs: neededSubgraphs(graph, { use: graph.nodes['subgraph']! }),
    };
    expect(Object.keys(piece.subgraphs)).toEqual(['subgraph', 'subgraph-2']);
    expect(importSubgraphs(graph, piece).graph).toEqual(graph);
    const elsewhere = documentOf({}, [], { subgraph: { title: 'Other', nodes: {} } });
    const taken = importSubgraphs(elsewhere, piece);
    expect(Object.keys(taken.graph.subgraphs!)).toEqual(['subgraph', 'subgraph-2', 'subgraph-2-2']);
    expect(taken.piece.nodes['use']?.type).toBe('subgraph/subgraph-2');
    expect(taken.graph.subgraphs!['subgraph-2']?.nodes['subgraph-2']?.type).toBe('subgraph/subgraph-2-2');
  });
});
