import type { Graph } from '@facewright/core';
import { LGraph } from 'litegraph.js';
import { beforeAll, describe, expect, it } from 'vitest';
import { fakeLoop, fakeNodes } from '../../test-support/fake-nodes.ts';
import { freeId, graphNodes, readFromCanvas, spreadNodes, writeToCanvas } from './document.ts';
import type { NodeHooks } from './graph-node.ts';
import { installSlotTypes } from './slot-types.ts';
import { installTheme } from './theme.ts';

const catalogue = new Map(fakeNodes.map((node) => [node.type as string, node]));
const hooks: NodeHooks = { valueChanged: () => {}, editField: () => {} };
const show = (document: Graph) => {
  const graph = new LGraph();
  return { graph, remainder: writeToCanvas(document, graph, catalogue, hooks) };
};
const roundTrip = (document: Graph): Graph => {
  const { graph, remainder } = show(document);
  return readFromCanvas(graph, remainder);
};
const document = (parts: Partial<Graph>): Graph => ({
  facewright: 1,
  name: 'g',
  description: 'd',
  nodes: {},
  links: [],
  groups: [],
  ...parts,
});
const positioned = (graph: Graph): Graph => ({
  ...graph,
  nodes: Object.fromEntries(Object.entries(graph.nodes).map(([id, node], i) => [id, { ...node, position: [i * 300.3, -i * 17.7] }])),
});
beforeAll(() => {
  installTheme();
  installSlotTypes();
});

describe('a document shown on the canvas and read back', () => {
  it('is the same: ids, types, versions, titles, values, fractional positions and links', () => {
    expect(roundTrip(positioned(fakeLoop))).toEqual(positioned(fakeLoop));
  });
  it('is the same text when it is opened again, so that undo finds no change where there is none', () => {
    const fresh = document({ nodes: { shown: { type: 'facewright/preview', version: 1, values: {}, title: 'New', mode: 'bypassed' } } });
    const read = roundTrip(fresh);
    expect(JSON.stringify(roundTrip(read))).toBe(JSON.stringify(read));
  });
  it('does not change with the canvas afterwards', () => {
    const { graph, remainder } = show(positioned(fakeLoop));
    const read = readFromCanvas(graph, remainder);
    for (const node of graphNodes(graph)) node.values['changed'] = true;
    expect(read).toEqual(positioned(fakeLoop));
  });
  it('keeps sizes and groups, with and without a colour, also smaller than litegraph would draw them', () => {
    const saved = document({
      nodes: { p: { type: 'facewright/preview', version: 1, values: {}, position: [0.1, 0.2], size: [400.5, 300.25] } },
      groups: [
        { title: 'a', position: [1.5, 2], size: [20, 10] },
        { title: 'b', position: [0, 0], size: [300, 200], color: '#abc' },
      ],
    });
    expect(roundTrip(saved)).toEqual(saved);
  });
  it('keeps a node type that the server does not know, with its values, version and links', () => {
    const saved = positioned(
      document({
        nodes: {
          odd: { type: 'someone/unknown', version: 7, values: { anything: { deep: [1, null] } } },
          draw: { type: 'facewright/sampler', version: 1, values: {} },
          show: { type: 'facewright/preview', version: 1, values: {} },
        },
        links: [
          { from: ['odd', 'thing'], to: ['draw', 'prompts'] },
          { from: ['draw', 'images'], to: ['odd', 'pictures'] },
          { from: ['odd', 'out'], to: ['show', 'images'] },
        ],
      }),
    );
    expect(roundTrip(saved)).toEqual(saved);
    expect(graphNodes(show(saved).graph).find(({ id }) => id === 'odd')?.description).toBeUndefined();
  });
  it('keeps links to ports that a known node does not declare, links of the wrong type, and values of unknown inputs', () => {
    const saved = positioned(
      document({
        nodes: {
          load: { type: 'facewright/load-diffusion', version: 1, values: { dropped: 3 } },
          draw: { type: 'facewright/sampler', version: 1, values: {} },
          show: { type: 'facewright/preview', version: 1, values: {} },
        },
        links: [
          { from: ['load', 'model'], to: ['draw', 'retired'] },
          { from: ['load', 'model'], to: ['show', 'images'] },
          { from: ['draw', 'gone'], to: ['show', 'old'] },
        ],
      }),
    );
    expect(roundTrip(saved)).toEqual(saved);
  });
  it('keeps links that cannot be drawn: to a node that is absent, and a second one into the same input', () => {
    const saved = positioned(
      document({
        nodes: {
          a: { type: 'facewright/sampler', version: 1, values: {} },
          b: { type: 'facewright/sampler', version: 1, values: {} },
          show: { type: 'facewright/preview', version: 1, values: {} },
        },
        links: [
          { from: ['a', 'images'], to: ['show', 'images'] },
          { from: ['b', 'images'], to: ['show', 'images'] },
          { from: ['nobody', 'x'], to: ['a', 'prompts'] },
        ],
      }),
    );
    expect(roundTrip(saved)).toEqual(saved);
  });
  it('reads back what changed: a moved node, a value, a removed node with its links', () => {
    const { graph, remainder } = show(positioned(fakeLoop));
    const draw = graphNodes(graph).find(({ id }) => id === 'draw');
    const train = graphNodes(graph).find(({ id }) => id === 'train');
    if (!draw || !train) throw new Error('the loop has these nodes');
    draw.pos = [5, 6];
    draw.values['steps'] = 7;
    graph.remove(train);
    const read = readFromCanvas(graph, remainder);
    expect(read.nodes['draw']).toMatchObject({ position: [5, 6], values: { seed: 11, steps: 7 } });
    expect(read.nodes['train']).toBeUndefined();
    expect(read.links.some(({ from, to }) => from[0] === 'train' || to[0] === 'train')).toBe(false);
    expect(read.links).toHaveLength(fakeLoop.links.length - 3);
  });
  it('marks required inputs without a link, a value or a default, and no others', () => {
    const { graph } = show(document({ nodes: { e: { type: 'facewright/evaluator', version: 1, values: {} } } }));
    expect([...(graphNodes(graph)[0]?.unfilled() ?? [])]).toEqual(['base', 'tuned', 'scorer']);
  });
});

describe('links made on the canvas', () => {
  const pair = () => {
    const { graph } = show(
      document({
        nodes: {
          load: { type: 'facewright/load-diffusion', version: 1, values: {} },
          draw: { type: 'facewright/sampler', version: 1, values: {} },
          again: { type: 'facewright/guidance-loss-trainer', version: 1, values: {} },
        },
      }),
    );
    const [load, draw, again] = graphNodes(graph);
    if (!load || !draw || !again) throw new Error('three nodes');
    return { graph, load, draw, again };
  };
  it('are made where the port schema allows and refused elsewhere', () => {
    const { load, draw } = pair();
    expect(load.connect('model', draw, 'prompts')).toBeNull();
    expect(load.connect('model', draw, 'model')).not.toBeNull();
  });
  it('find the first fitting free input of a node they are dropped on', () => {
    const { load, draw } = pair();
    expect(draw.findInputByType(load.outputs[0]?.type ?? '')?.slot.name).toBe('model');
    expect(load.findInputByType(draw.outputs[0]?.type ?? '')).toBeUndefined();
  });
  it('may not close a loop', () => {
    const { graph, load, draw, again } = pair();
    again.connect('model', draw, 'model');
    expect(load.canConnectTo(again, again.inputs[0]!, load.outputs[0]!)).toBe(true);
    const other = show(
      document({
        nodes: {
          a: { type: 'facewright/guidance-loss-trainer', version: 1, values: {} },
          b: { type: 'facewright/guidance-loss-trainer', version: 1, values: {} },
        },
        links: [{ from: ['a', 'model'], to: ['b', 'model'] }],
      }),
    );
    const [a, b] = graphNodes(other.graph);
    expect(b!.canConnectTo(a!, a!.inputs[0]!, b!.outputs[0]!)).toBe(false);
    expect(graph.nodes).toHaveLength(3);
  });
});

describe('layout', () => {
  it('is made for a document without positions, from left to right and without overlaps', () => {
    const { graph } = show(fakeLoop);
    const x = new Map(graphNodes(graph).map((node) => [String(node.id), node.pos[0] ?? 0]));
    for (const { from, to } of fakeLoop.links) expect(x.get(from[0])).toBeLessThan(x.get(to[0]) ?? -Infinity);
    const before = graphNodes(graph).map(({ pos }) => [...pos]);
    spreadNodes(graph);
    expect(graphNodes(graph).map(({ pos }) => [...pos])).toEqual(before);
  });
  it('moves nodes down that lie on others, lets their frame grow with them and leaves all else where it was', () => {
    const { graph } = show(
      document({
        nodes: {
          a: { type: 'facewright/preview', version: 1, values: {}, position: [0, 0] },
          b: { type: 'facewright/preview', version: 1, values: {}, position: [50, 40] },
          c: { type: 'facewright/preview', version: 1, values: {}, position: [2000, 40] },
        },
        groups: [
          { title: 'both', position: [-10, -50], size: [500, 150] },
          { title: 'far', position: [1990, -50], size: [500, 1000] },
        ],
      }),
    );
    spreadNodes(graph);
    const [a, b, c] = graphNodes(graph);
    expect([...a!.pos]).toEqual([0, 0]);
    expect(b!.pos[0]).toBe(50);
    expect(b!.pos[1]).toBeGreaterThan(a!.size[1]!);
    expect([...c!.pos]).toEqual([2000, 40]);
    const [both, far] = graph.groups;
    expect(both!.pos[1] + both!.size[1]).toBeGreaterThan(b!.pos[1]! + b!.size[1]!);
    expect([...far!.size]).toEqual([500, 1000]);
  });
});

describe('freeId', () => {
  it('names a node after its type, numbered when taken', () => {
    expect(freeId('facewright/sampler', new Set())).toBe('sampler');
    expect(freeId('facewright/sampler', new Set(['sampler', 'sampler-2']))).toBe('sampler-3');
    expect(freeId('x/a.b c', new Set())).toBe('a-b-c');
  });
});
