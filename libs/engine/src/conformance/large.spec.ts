import { describe, expect, it } from 'vitest';
import { graphOf, withEachCache } from './fixtures/world.ts';

const count = 10_000;
type Nodes = Record<string, [type: string, values?: Record<string, unknown>]>;
withEachCache(
  (world) => {
    /** How often a result was looked for: the work of planning. */
    const counting = () => {
      const looked = { times: 0 };
      const { cache } = world;
      world.cache = {
        ...cache,
        get(key) {
          looked.times++;
          return cache.get(key);
        },
      };
      return looked;
    };
    describe('a graph of 10,000 nodes', () => {
      it('in a chain runs, each node once, and again from what is stored', async () => {
        const nodes: Nodes = { n0: ['number', { value: 0 }], out: ['show'] };
        const links: string[] = [];
        for (let i = 1; i < count; i++) {
          nodes[`n${i}`] = ['add', { b: 1 }];
          links.push(`n${i - 1}.number n${i}.a`);
        }
        const graph = graphOf(nodes, ...links, `n${count - 1}.number out.number`);
        const first = await world.run(graph);
        expect([first.outputs, first.called.length]).toEqual([{ out: { number: count - 1 } }, count + 1]);
        const looked = counting();
        expect([(await world.run(graph)).called, looked.times]).toEqual([[], count + 1]);
      });
      it('in a diamond, whose paths are more than any number, is looked at node by node', async () => {
        const nodes: Nodes = { l0: ['number', { value: 0 }], r0: ['number', { value: 1 }], out: ['show'] };
        const links: string[] = [];
        for (let i = 1; i < count / 2; i++)
          for (const side of ['l', 'r']) {
            nodes[`${side}${i}`] = ['average'];
            links.push(
              `l${i - 1}.number ${side}${i}.${side === 'l' ? 'a' : 'b'}`,
              `r${i - 1}.number ${side}${i}.${side === 'l' ? 'b' : 'a'}`,
            );
          }
        const looked = counting();
        const { outputs } = await world.run(graphOf(nodes, ...links, `l${count / 2 - 1}.number out.number`));
        expect([outputs, looked.times]).toEqual([{ out: { number: 0.5 } }, count]);
      });
      it('of switches is planned without exhausting the stack', async () => {
        const nodes: Nodes = { start: ['number', { value: 5 }], never: ['number', { value: 6 }], out: ['show'] };
        const links = ['start.number s0.yes'];
        for (let i = 0; i < count; i++) {
          nodes[`s${i}`] = ['switch', { on: true }];
          links.push(`never.number s${i}.no`, i + 1 < count ? `s${i}.value s${i + 1}.yes` : `s${i}.value out.number`);
        }
        const plan = await world.plan(graphOf(nodes, ...links));
        expect([Object.keys(plan).length, plan['never']]).toEqual([count + 2, undefined]);
      });
    });
    it('a list of 10,000 items runs item by item', async () => {
      const text = Array.from({ length: count }, (_, i) => i).join(',');
      const graph = graphOf(
        { a: ['list', { text }], add: ['add'], sum: ['sum'], out: ['show'] },
        'a.number add.a',
        'add.number sum.numbers',
        'sum.number out.number',
      );
      const { outputs, of } = await world.run(graph);
      expect([outputs, of('item_finished').length]).toEqual([{ out: { number: 49_995_000 } }, count]);
    });
  },
  ['memory'],
);
