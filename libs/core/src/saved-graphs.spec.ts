import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Definitions } from './catalogue.ts';
import { lowerGraph } from './lower-graph.ts';
import { defineNode, type NodeDefinition } from './node.ts';
import { parseGraph } from './parse-graph.ts';
import { port } from './port.ts';

// Documents as each form of the format saved them, with what they mean. Files are added, never changed: what was saved once must load for ever.
const folder = join(import.meta.dirname, 'fixtures/saved-graphs');
interface Saved {
  readonly document: unknown;
  readonly lowered: { readonly nodes: Record<string, unknown>; readonly links: readonly string[] };
}

const base = { title: 'T', summary: 'S.', category: 'Test', effects: 'none', version: 1 } as const;
const number = () => port.number({ min: 0, max: 100 });
const definitions: NodeDefinition[] = [
  defineNode({ ...base, type: 'test/number', inputs: { value: number() }, outputs: { number: number() } }),
  defineNode({
    ...base,
    type: 'test/add',
    inputs: { a: number(), b: number(), note: port.optional(port.text()) },
    outputs: { sum: number() },
  }),
  defineNode({ ...base, type: 'test/show', inputs: { number: number() }, outputs: {}, output: true }),
];
const catalogue: Definitions = new Map(definitions.map((definition) => [definition.type, { definition }]));

it.each(readdirSync(folder))('%s loads without loss and means what it meant', (file) => {
  const { document, lowered } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as Saved;
  const { graph } = parseGraph(document);
  expect(graph).toMatchObject(document as object);
  expect(parseGraph(JSON.parse(JSON.stringify(graph))).graph).toEqual(graph);
  const flat = lowerGraph(graph!, catalogue).graph!;
  expect(Object.fromEntries(Object.entries(flat.nodes).map(([id, { values }]) => [id, values]))).toEqual(lowered.nodes);
  expect(flat.links.map(({ from, to }) => `${from.join('.')} > ${to.join('.')}`)).toEqual(lowered.links);
});
