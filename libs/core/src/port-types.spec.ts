import { expect, it } from 'vitest';
import { createCatalogue } from './catalogue.ts';
import type { Graph } from './graph.ts';
import { defineNode, nodePackage, type NodeDefinition } from './node.ts';
import { portTypes } from './port-types.ts';
import { describeType, port } from './port.ts';

const base = { version: 1, title: 'T', summary: 'S.', category: 'C', effects: 'none', inputs: {} } as const;
const unused = async () => ({ run: async () => ({}) as never });
const catalogue = createCatalogue(
  [
    defineNode({ ...base, type: 't/low', outputs: { out: port.integer({ min: 0, max: 5 }) } }),
    defineNode({ ...base, type: 't/high', outputs: { out: port.number({ min: 3, max: 9 }) } }),
    defineNode({ ...base, type: 't/image', outputs: { out: port.image() } }),
    defineNode({ ...base, type: 't/images', outputs: { out: port.images() } }),
    defineNode({ ...base, type: 't/red', outputs: { out: port.choice(['red']) } }),
    defineNode({ ...base, type: 't/blue', outputs: { out: port.choice(['blue']) } }),
    defineNode({ ...base, type: 't/pick', inputs: { a: port.any(), b: port.same('a') }, outputs: { out: port.same('a') } }),
  ].map((definition: NodeDefinition) => nodePackage(definition, unused)),
);
const graph = (ids: Record<string, string>, ...links: [string, string][]): Graph => ({
  facewright: 1,
  name: 'g',
  description: '',
  groups: [],
  nodes: Object.fromEntries(Object.entries(ids).map(([id, type]) => [id, { type: `t/${type}`, version: 1, values: {} }])),
  links: links.map(([from, to]) => ({ from: [from, 'out'], to: to.split('.') as [string, string] })),
});
const joined = (a: string, b: string) =>
  describeType(portTypes(graph({ x: a, y: b, p: 'pick' }, ['x', 'p.a'], ['y', 'p.b']), catalogue).output('p', 'out'));

it.each([
  ['low', 'high', 'a number from 0 to 9'],
  ['low', 'low', 'a whole number from 0 to 5'],
  ['image', 'images', 'a list of images'],
  ['images', 'image', 'a list of images'],
  ['red', 'blue', 'one of red, blue'],
  ['image', 'low', 'an image'],
])('of %s and %s a variable is %s', (a, b, type) => {
  expect(joined(a, b)).toBe(type);
});
it('is anything without a link, and in a cycle', () => {
  expect(portTypes(graph({ p: 'pick' }), catalogue).output('p', 'out')).toEqual({ kind: 'any' });
  expect(portTypes(graph({ p: 'pick', q: 'pick' }, ['p', 'q.a'], ['q', 'p.a']), catalogue).output('p', 'out')).toEqual({ kind: 'any' });
});
it('is found through 10,000 nodes without exhausting the stack', () => {
  const ids: Record<string, string> = { x: 'image' };
  const links: [string, string][] = [];
  for (let i = 0; i < 10_000; i++) {
    ids[`p${i}`] = 'pick';
    links.push([i === 0 ? 'x' : `p${i - 1}`, `p${i}.a`]);
  }
  expect(portTypes(graph(ids, ...links), catalogue).output('p9999', 'out')).toEqual({ kind: 'image' });
});
