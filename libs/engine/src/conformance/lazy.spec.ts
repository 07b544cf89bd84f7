import { describe, expect, it } from 'vitest';
import { graphOf, withEachCache } from './fixtures/world.ts';

withEachCache((world) => {
  const stored = world.kind !== 'none';
  const mix = (mask: number) =>
    graphOf(
      { input1: ['number', { value: 0 }], input2: ['number', { value: 255 }], mixed: ['mix', { mask }], out: ['show'] },
      'input1.number mixed.image1',
      'input2.number mixed.image2',
      'mixed.number out.number',
    );

  describe('lazy inputs', () => {
    it('that are not needed do not run', async () => {
      const { called, outputs } = await world.run(mix(0));
      expect(called).toEqual(['input1', 'mixed', 'out']);
      expect(outputs).toEqual({ out: { number: 0 } });
      expect((await world.run(mix(0.5))).called).toContain('input2');
    });
    it('are known to the plan where what decides is typed', async () => {
      expect(await world.plan(mix(0))).toEqual({ input1: 'run', mixed: 'run', out: 'run' });
    });
    it('are open in the plan where a node decides, until that has a stored result', async () => {
      const decided = graphOf(
        { on: ['flag', { value: true }], a: ['number', { value: 1 }], b: ['number', { value: 2 }], pick: ['switch'], out: ['show'] },
        'on.flag pick.on',
        'a.number pick.yes',
        'b.number pick.no',
        'pick.value out.number',
      );
      expect(await world.plan(decided)).toEqual({ on: 'run', pick: 'open', out: 'open' });
      const { called, outputs } = await world.run(decided);
      expect([called, outputs]).toEqual([['on', 'a', 'pick', 'out'], { out: { number: 1 } }]);
      expect(await world.plan(decided)).toEqual(
        stored ? { on: 'cached', a: 'cached', pick: 'cached', out: 'cached' } : { on: 'run', pick: 'open', out: 'open' },
      );
    });
    it('that are not needed do not change the key', async () => {
      const with2 = (value: number) => {
        const graph = mix(0);
        graph.nodes['input2']!.values['value'] = value;
        return graph;
      };
      await world.run(with2(1));
      const { called } = await world.run(with2(2));
      expect(called).toEqual(stored ? [] : ['input1', 'mixed', 'out']);
    });
    it('are asked for in turn, each by what those before it gave', async () => {
      const all = (a: boolean, b: boolean) =>
        graphOf(
          {
            a: ['flag', { value: a, note: 'a' }],
            b: ['flag', { value: b, note: 'b' }],
            c: ['flag', { value: true, note: 'c' }],
            all: ['all'],
            out: ['show-any'],
          },
          'a.flag all.a',
          'b.flag all.b',
          'c.flag all.c',
          'all.flag out.value',
        );
      expect((await world.run(all(false, true))).called).toEqual(['a', 'all', 'out']);
      const both = await world.run(all(true, true));
      expect([both.called, both.outputs]).toEqual([['a', 'b', 'c', 'all', 'out'], { out: { value: true } }]);
      const { called, outputs } = await world.run(all(true, false));
      expect([called, outputs]).toEqual([stored ? ['b', 'all', 'out'] : ['a', 'b', 'all', 'out'], { out: { value: false } }]);
    });
    it('in a chain of switches reach exactly one branch', async () => {
      const graph = graphOf(
        {
          a: ['number', { value: 1 }],
          b: ['number', { value: 2 }],
          c: ['number', { value: 3 }],
          inner: ['switch', { on: false }],
          outer: ['switch', { on: true }],
          out: ['show'],
        },
        'a.number inner.yes',
        'b.number inner.no',
        'inner.value outer.yes',
        'c.number outer.no',
        'outer.value out.number',
      );
      const { called, outputs } = await world.run(graph);
      expect([called, outputs]).toEqual([['b', 'inner', 'outer', 'out'], { out: { number: 2 } }]);
    });
    it('of items of a list are computed when any item needs them, in one call for each item', async () => {
      const graph = graphOf(
        {
          masks: ['list', { text: '0,0.5,1' }],
          input1: ['number', { value: 0 }],
          input2: ['number', { value: 254 }],
          mixed: ['mix'],
          out: ['join'],
          shown: ['say'],
        },
        'masks.number mixed.mask',
        'input1.number mixed.image1',
        'input2.number mixed.image2',
        'mixed.number out.numbers',
        'out.text shown.text',
      );
      const { called, outputs } = await world.run(graph);
      expect(outputs).toEqual({ shown: { text: '0,127,254' } });
      expect(called.filter((id) => id === 'mixed')).toHaveLength(3);
    });
    it('whose node is fed by a list of conditions of one kind need only that branch', async () => {
      const graph = graphOf(
        {
          masks: ['list', { text: '0,0' }],
          input1: ['number', { value: 7 }],
          input2: ['number', { value: 254 }],
          mixed: ['mix'],
          out: ['join'],
          shown: ['say'],
        },
        'masks.number mixed.mask',
        'input1.number mixed.image1',
        'input2.number mixed.image2',
        'mixed.number out.numbers',
        'out.text shown.text',
      );
      const { called, outputs } = await world.run(graph);
      expect([called.includes('input2'), outputs]).toEqual([false, { shown: { text: '7,7' } }]);
    });
    it('are part of a cycle as any other: it is found before the run', async () => {
      const graph = graphOf(
        { a: ['mix', { mask: 0 }], b: ['add'], out: ['show'] },
        'b.number a.image2',
        'a.number b.a',
        'a.number out.number',
      );
      graph.nodes['a']!.values['image1'] = 1;
      const { problems, called } = await world.run(graph);
      expect([problems.map(({ code }) => code), called]).toEqual([['CORE_CYCLE'], []]);
    });
    it('and chosen targets go together: nothing of another target runs', async () => {
      const graph = graphOf(
        {
          input1: ['number', { value: 1 }],
          input2: ['number', { value: 2 }],
          mixed: ['mix', { mask: 1 }],
          out1: ['show'],
          other: ['number', { value: 9 }],
          out2: ['show'],
        },
        'input1.number mixed.image1',
        'input2.number mixed.image2',
        'mixed.number out1.number',
        'other.number out2.number',
      );
      expect((await world.run(graph, { targets: ['out1'] })).called).toEqual(['input2', 'mixed', 'out1']);
    });
  });
});
