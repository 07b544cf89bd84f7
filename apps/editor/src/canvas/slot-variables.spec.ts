import { describeNode, defineNode, port, type Graph } from '@facewright/core';
import { LGraph } from 'litegraph.js';
import { beforeAll, expect, it } from 'vitest';
import { graphNodes, readFromCanvas, writeToCanvas } from './document.ts';
import { installSlotTypes, linkAnswer, portOfSlot } from './slot-types.ts';
import { resolveVariables } from './slot-variables.ts';
import { installTheme } from './theme.ts';

const base = { version: 1, title: 'T', summary: 'S.', category: 'C', effects: 'none', inputs: {}, outputs: {} } as const;
const catalogue = new Map(
  [
    defineNode({ ...base, type: 't/picture', outputs: { out: port.image() } }),
    defineNode({ ...base, type: 't/text', outputs: { out: port.text() } }),
    defineNode({ ...base, type: 't/read', inputs: { text: port.text() } }),
    defineNode({ ...base, type: 't/pick', inputs: { yes: port.any(), no: port.same('yes') }, outputs: { value: port.same('yes') } }),
  ].map((definition) => [definition.type as string, describeNode(definition)]),
);
beforeAll(() => {
  installTheme();
  installSlotTypes();
});

/** What the links of the last graph are drawn as. */
const colours: unknown[] = [];
function shown(...links: [string, string][]) {
  const document: Graph = {
    facewright: 1,
    name: 'g',
    description: '',
    groups: [],
    nodes: Object.fromEntries(['picture', 'text', 'read', 'pick'].map((type) => [type, { type: `t/${type}`, version: 1, values: {} }])),
    links: links.map(([from, to]) => ({ from: from.split('.') as [string, string], to: to.split('.') as [string, string] })),
  };
  const graph = new LGraph();
  const remainder = writeToCanvas(document, graph, catalogue, { valueChanged: () => {}, editField: () => {} });
  resolveVariables(graphNodes(graph), readFromCanvas(graph, remainder), catalogue);
  const slot = (node: string, name: string) => {
    const { inputs, outputs } = graph.getNodeById(node)!;
    return [...inputs, ...outputs].find((one) => one.name === name)!.type;
  };
  colours.splice(0, Infinity, ...[...graph.links.values()].map(({ type }) => portOfSlot(type)?.kind));
  return (from: [string, string], to: [string, string]) => linkAnswer(slot(...from), slot(...to));
}

it('a type variable without links takes and feeds anything', () => {
  const answer = shown();
  expect([answer(['picture', 'out'], ['pick', 'yes']), answer(['pick', 'value'], ['read', 'text'])]).toEqual([true, true]);
});
it('with a link its output and its other inputs have that type, and refusals say so', () => {
  const answer = shown(['picture.out', 'pick.yes']);
  expect(answer(['pick', 'value'], ['read', 'text'])).toBe('expected text, got an image');
  expect(answer(['text', 'out'], ['pick', 'no'])).toBe('expected an image, got text');
  expect(answer(['picture', 'out'], ['pick', 'no'])).toBe(true);
});
it('its only link may be replaced by one of another type', () => {
  expect(shown(['picture.out', 'pick.yes'])(['text', 'out'], ['pick', 'yes'])).toBe(true);
});
it('its links have the colour of what they carry, also where they may be replaced', () => {
  shown(['picture.out', 'pick.no']);
  expect(colours).toEqual(['image']);
});
