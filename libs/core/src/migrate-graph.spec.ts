import { describe, expect, it } from 'vitest';
import type { Definitions } from './catalogue.ts';
import type { Graph } from './graph.ts';
import { migrateGraph } from './migrate-graph.ts';
import { defineNode, type NodeDefinition } from './node.ts';
import { port } from './port.ts';

const base = { title: 'T', summary: 'S.', category: 'Test', effects: 'none' } as const;
const draw: NodeDefinition = defineNode({
  ...base,
  type: 'test/draw',
  version: 3,
  inputs: { guidance: port.number({ min: 0, max: 30 }), steps: port.integer({ min: 1, max: 99 }) },
  outputs: { picture: port.image() },
  migrations: [
    {
      to: 2,
      why: 'cfg is called guidance, image picture',
      renamed: { inputs: { cfg: 'guidance' }, outputs: { image: 'picture' } },
      up: (values) => values,
    },
    {
      to: 3,
      why: 'steps were in tens',
      up: ({ steps, ...values }) => {
        if (typeof steps !== 'number') throw new TypeError('steps is not a number');
        return { ...values, steps: steps * 10 };
      },
    },
  ],
});
const catalogue: Definitions = new Map([[draw.type, { definition: draw }]]);
const graphOf = (version: number, values: Record<string, unknown>): Graph => ({
  facewright: 1,
  name: 'g',
  description: '',
  groups: [],
  nodes: { a: { type: 'test/draw', version, values }, other: { type: 'test/unknown', version: 7, values: { cfg: 1 } } },
  links: [
    { from: ['a', 'image'], to: ['other', 'cfg'] },
    { from: ['other', 'image'], to: ['a', 'cfg'] },
  ],
});

describe('migrateGraph', () => {
  it('applies every migration since the saved version, and links follow renamed ports of that node only', () => {
    const { graph, problems } = migrateGraph(graphOf(1, { cfg: 7, steps: 3 }), catalogue);
    expect(problems).toEqual([]);
    expect(graph.nodes['a']).toEqual({ type: 'test/draw', version: 3, values: { guidance: 7, steps: 30 } });
    expect(graph.links).toEqual([
      { from: ['a', 'picture'], to: ['other', 'cfg'] },
      { from: ['other', 'image'], to: ['a', 'guidance'] },
    ]);
  });
  it('applies only what is due', () =>
    expect(migrateGraph(graphOf(2, { guidance: 7, steps: 3 }), catalogue).graph.nodes['a']?.values).toEqual({ guidance: 7, steps: 30 }));
  it('leaves an up-to-date graph alone', () =>
    expect(migrateGraph(graphOf(3, { steps: 3 }), catalogue).graph).toEqual(graphOf(3, { steps: 3 })));
  it('reports a node saved by a newer version', () => {
    expect(migrateGraph(graphOf(4, {}), catalogue).problems).toEqual([
      {
        code: 'CORE_NEWER_VERSION',
        node: 'a',
        message: 'node a (test/draw): version: expected at most 3, which is installed, got 4: the graph was saved by a newer one',
      },
    ]);
  });
  it('reports a migration that fails and keeps the node as it was saved', () => {
    const { graph, problems } = migrateGraph(graphOf(2, { steps: 'many' }), catalogue);
    expect(problems[0]).toMatchObject({ code: 'CORE_MIGRATION_FAILED', node: 'a' });
    expect(problems[0]!.message).toContain('TypeError: steps is not a number');
    expect(graph.nodes['a']).toEqual({ type: 'test/draw', version: 2, values: { steps: 'many' } });
  });
});
