import { describe, expect, it } from 'vitest';
import { graphOf, withEachCache } from './fixtures/world.ts';

withEachCache((world) => {
  const stored = world.kind !== 'none';
  describe('a blocked output', () => {
    const gate = (open: boolean, reason = '') =>
      graphOf(
        { src: ['number', { value: 1 }], gate: ['gate', { open, reason }], next: ['add'], blocked: ['show'], other: ['show'] },
        'src.number gate.value',
        'gate.value next.a',
        'next.number blocked.number',
        'src.number other.number',
      );
    it('skips what depends on it, and the rest of the run goes on', async () => {
      const { terminal, outputs, called, of } = await world.run(gate(false));
      expect([terminal.type, outputs]).toEqual(['run_succeeded', { other: { number: 1 } }]);
      expect(called.toSorted()).toEqual(['gate', 'other', 'src']);
      expect(of('node_blocked')).toEqual([
        { type: 'node_blocked', node: 'next', reason: '' },
        { type: 'node_blocked', node: 'blocked', reason: '' },
      ]);
      expect((await world.run(gate(true))).outputs).toEqual({ blocked: { number: 1 }, other: { number: 1 } });
    });
    it('tells its reason at every node that it skips', async () => {
      const { of } = await world.run(gate(false, 'no face'));
      expect(of('node_blocked').map(({ node, reason }) => [node, reason])).toEqual([
        ['next', 'no face'],
        ['blocked', 'no face'],
      ]);
    });
    it('is stored: the next run blocks again without running the gate', async () => {
      await world.run(gate(false));
      const { called, of, outputs } = await world.run(gate(false));
      expect(called).toEqual(stored ? [] : ['src', 'other', 'gate'].filter((id) => called.includes(id)));
      expect([of('node_blocked').length, outputs]).toEqual([2, { other: { number: 1 } }]);
    });
    it('in a list leaves out only that item', async () => {
      const graph = graphOf(
        { list: ['list', { text: '1,2,3' }], block: ['block-list', { at: 1 }], add: ['add', { b: 10 }], saved: ['save'] },
        'list.number block.numbers',
        'block.number add.a',
        'add.number saved.number',
      );
      const { outputs, called, of } = await world.run(graph);
      expect(outputs).toEqual({ saved: { number: [11, 13] } });
      expect(called.filter((id) => id === 'saved')).toHaveLength(2);
      expect(of('item_blocked').map(({ node, item, reason }) => [node, item, reason])).toEqual([
        ['add', [1], 'left out'],
        ['saved', [1], 'left out'],
      ]);
    });
    it('for every item of a list blocks the node as a whole', async () => {
      const graph = graphOf(
        { list: ['list', { text: '1,2' }], gate: ['gate', { open: false, reason: 'shut' }], add: ['add', { b: 1 }], out: ['show'] },
        'list.number gate.value',
        'gate.value add.a',
        'add.number out.number',
      );
      const { of, terminal, called } = await world.run(graph);
      expect(of('node_blocked').map(({ node, reason }) => [node, reason])).toEqual([
        ['add', 'shut'],
        ['out', 'shut'],
      ]);
      expect([terminal.type, called.includes('add')]).toEqual(['run_succeeded', false]);
    });
    it('for each item is a filter: what is collected has the rest in order', async () => {
      const graph = graphOf(
        { list: ['list', { text: '5,1,7,2' }], below: ['below', { limit: 5 }], gate: ['gate'], join: ['join'], out: ['say'] },
        'list.number below.a',
        'below.flag gate.open',
        'list.number gate.value',
        'gate.value join.numbers',
        'join.text out.text',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '1,2' } });
      graph.nodes['below']!.values['limit'] = 0;
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '' } });
    });
    it('in the place of a list blocks everything that was to be mapped over it', async () => {
      const graph = graphOf(
        {
          n: ['list', { text: '1,2' }],
          below: ['below', { limit: 2 }],
          gate: ['gate'],
          to: ['count-to'],
          add: ['add', { b: 0 }],
          sum: ['sum'],
          join: ['join'],
          out: ['say'],
        },
        'n.number below.a',
        'below.flag gate.open',
        'n.number gate.value',
        'gate.value to.n',
        'to.number add.a',
        'add.number sum.numbers',
        'sum.number join.numbers',
        'join.text out.text',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '1' } });
    });
    it('that decides about lazy inputs blocks the node without running them', async () => {
      const graph = graphOf(
        {
          on: ['flag', { value: true }],
          gate: ['gate', { open: false }],
          a: ['number', { value: 1 }],
          pick: ['switch'],
          out: ['show-any'],
        },
        'on.flag gate.value',
        'gate.value pick.on',
        'a.number pick.yes',
        'a.number pick.no',
        'pick.value out.value',
      );
      const { called, of, terminal } = await world.run(graph);
      expect([called, of('node_blocked').map(({ node }) => node), terminal.type]).toEqual([
        ['on', 'gate'],
        ['pick', 'out'],
        'run_succeeded',
      ]);
    });
  });
});
