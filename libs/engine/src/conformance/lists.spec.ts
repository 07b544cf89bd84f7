import { describe, expect, it } from 'vitest';
import { knobs } from './fixtures/nodes.ts';
import { graphOf, withEachCache } from './fixtures/world.ts';

withEachCache((world) => {
  const stored = world.kind !== 'none';
  /** Each of the numbers plus another list, put together as text. */
  const plus = (a: string, b: string) =>
    graphOf(
      { a: ['list', { text: a }], b: ['list', { text: b }], add: ['add'], join: ['join'], out: ['say'] },
      'a.number add.a',
      'b.number add.b',
      'add.number join.numbers',
      'join.text out.text',
    );
  const one = (a: string) =>
    graphOf(
      { a: ['list', { text: a }], add: ['add', { b: 100 }], join: ['join'], out: ['say'] },
      'a.number add.a',
      'add.number join.numbers',
      'join.text out.text',
    );

  describe('lists', () => {
    it('run what comes after once for each item, and are collected in order', async () => {
      const { called, outputs, of } = await world.run(one('1,2,3'));
      expect(outputs).toEqual({ out: { text: '101,102,103' } });
      expect(called).toEqual(['a', 'add', 'add', 'add', 'join', 'out']);
      expect(of('item_finished').map(({ node, item, outputs: given }) => [node, item, given])).toEqual([
        ['add', [0], { number: 101 }],
        ['add', [1], { number: 102 }],
        ['add', [2], { number: 103 }],
      ]);
      expect(of('node_started').filter(({ node }) => node === 'add')).toHaveLength(1);
      expect(of('node_finished').find(({ node }) => node === 'add')!.outputs).toEqual({ number: [101, 102, 103] });
      expect(of('node_progress').at(-1)).toMatchObject({ node: 'add', done: 3, total: 3 });
    });
    it('of two inputs go in step, and the shorter repeats its last item', async () => {
      expect((await world.run(plus('1,2,3', '10,20'))).outputs).toEqual({ out: { text: '11,22,23' } });
    });
    it('that are empty run nothing and are collected to an empty list', async () => {
      for (const graph of [one(''), plus('1,2', '')]) {
        const { called, outputs, terminal } = await world.run(graph);
        expect([terminal.type, outputs, called.includes('add')]).toEqual(['run_succeeded', { out: { text: '' } }, false]);
      }
    });
    it('that reach a target give a list there', async () => {
      const graph = graphOf({ a: ['list', { text: '4,5' }], out: ['show'] }, 'a.number out.number');
      expect((await world.run(graph)).outputs).toEqual({ out: { number: [4, 5] } });
    });
    it('of lists keep their raggedness and order, and are collected one level at a time', async () => {
      const graph = graphOf(
        { n: ['list', { text: '2,0,3' }], to: ['count-to'], add: ['add', { b: 10 }], sum: ['sum'], join: ['join'], out: ['say'] },
        'n.number to.n',
        'to.number add.a',
        'add.number sum.numbers',
        'sum.number join.numbers',
        'join.text out.text',
      );
      const { outputs, events } = await world.run(graph);
      expect(outputs).toEqual({ out: { text: '23,0,36' } });
      expect(
        events.flatMap((event) =>
          (event.type === 'item_finished' || event.type === 'item_cached') && event.node === 'add' ? [event.item] : [],
        ),
      ).toEqual([
        [0, 0],
        [0, 1],
        [2, 0],
        [2, 1],
        [2, 2],
      ]);
    });
    it('of lists meet those of one level at the outer level', async () => {
      const graph = graphOf(
        { n: ['list', { text: '2,1' }], to: ['count-to'], add: ['add'], sum: ['sum'], join: ['join'], out: ['say'] },
        'n.number to.n',
        'to.number add.a',
        'n.number add.b',
        'add.number sum.numbers',
        'sum.number join.numbers',
        'join.text out.text',
      );
      // (1+2)+(2+2), 1+1
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '7,2' } });
    });
    it('that all go to one input make a list of one of a single value', async () => {
      const graph = graphOf({ a: ['number', { value: 3 }], join: ['join'], out: ['say'] }, 'a.number join.numbers', 'join.text out.text');
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '3' } });
    });
    it('are stored item by item: a changed, moved or added item runs, the others do not', async () => {
      await world.run(one('1,2,3'));
      const { called, outputs, of } = await world.run(one('3,9,1'));
      expect(outputs).toEqual({ out: { text: '103,109,101' } });
      expect(called.filter((id) => id === 'add')).toHaveLength(stored ? 1 : 3);
      if (stored) expect(of('item_cached').map(({ item }) => item)).toEqual([[0], [2]]);
    });
    it('again unchanged run nothing', async () => {
      await world.run(one('1,2,3'));
      const { called, outputs } = await world.run(one('1,2,3'));
      expect(outputs).toEqual({ out: { text: '101,102,103' } });
      if (stored) expect(called).toEqual([]);
    });
    it('of which items fail try the others, name those that failed, and run only them again', async () => {
      knobs.free = async ({ a }) => {
        if (a !== 2) return { number: a };
        throw new Error('two is bad');
      };
      const graph = graphOf(
        { a: ['list', { text: '1,2,3' }], f: ['free'], join: ['join'], out: ['say'] },
        'a.number f.a',
        'f.number join.numbers',
        'join.text out.text',
      );
      const failed = await world.run(graph);
      expect(failed.problems).toEqual([
        {
          code: 'ENGINE_NODE_FAILED',
          node: 'f',
          item: [1],
          message: 'node f (test/free) > item 2: expected the node to finish, got Error: two is bad (inputs: a 2)',
        },
      ]);
      expect(failed.of('item_failed').map(({ item }) => item)).toEqual([[1]]);
      expect(failed.of('item_finished').map(({ item }) => item)).toEqual([[0], [2]]);
      expect(failed.called).not.toContain('join');
      knobs.free = async ({ a }) => ({ number: a });
      const again = await world.run(graph);
      expect(again.outputs).toEqual({ out: { text: '1,2,3' } });
      expect(again.called.filter((id) => id === 'f')).toHaveLength(stored ? 1 : 3);
    });
    it('cancelled in the middle go on at the item', async () => {
      const cancel = new AbortController();
      let calls = 0;
      knobs.free = async ({ a }) => {
        if (++calls === 3) cancel.abort();
        return { number: a };
      };
      const graph = graphOf(
        { a: ['list', { text: '1,2,3,4,5' }], f: ['free'], join: ['join'], out: ['say'] },
        'a.number f.a',
        'f.number join.numbers',
        'join.text out.text',
      );
      expect((await world.run(graph, { signal: cancel.signal })).terminal.type).toBe('run_cancelled');
      expect(calls).toBe(3);
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '1,2,3,4,5' } });
      expect(calls).toBe(stored ? 5 : 8);
    });
    it('whose items are all taken at once by a node that is mapped over another list', async () => {
      knobs.free = async ({ a, list = [] }) => ({ number: list.reduce((sum, value) => sum + value, 0) * a! });
      const graph = graphOf(
        { a: ['list', { text: '1,2' }], b: ['list', { text: '10,20,30' }], f: ['free'], join: ['join'], out: ['say'] },
        'a.number f.a',
        'b.number f.list',
        'f.number join.numbers',
        'join.text out.text',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { text: '60,120' } });
    });
  });
});
