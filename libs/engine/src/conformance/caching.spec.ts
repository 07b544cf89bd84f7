import { describe, expect, it } from 'vitest';
import { knobs } from './fixtures/nodes.ts';
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
  const fresh = () =>
    graphOf(
      { src: ['number', { value: 7 }], f: ['fresh'], next: ['add'], out: ['show'] },
      'src.number f.image',
      'f.number next.a',
      'next.number out.number',
    );

  describe('stored results', () => {
    it('make a second identical run compute nothing, and give its outputs all the same', async () => {
      const first = await world.run(mix(0.5));
      const { called, outputs } = await world.run(mix(0.5));
      expect(called).toEqual(stored ? [] : ['input1', 'input2', 'mixed', 'out']);
      expect(outputs).toEqual(first.outputs);
    });
    it('of what a change does not reach are used again', async () => {
      await world.run(mix(0.5));
      expect((await world.run(mix(0.4))).called).toEqual(stored ? ['mixed', 'out'] : ['input1', 'input2', 'mixed', 'out']);
    });
    it('of one node serve two outputs, which each show theirs', async () => {
      const graph = graphOf(
        { src: ['number', { value: 3 }], one: ['save'], two: ['save'] },
        'src.number one.number',
        'src.number two.number',
      );
      const { called, outputs } = await world.run(graph);
      expect([called, outputs]).toEqual([['src', 'one', 'two'], { one: { number: 3 }, two: { number: 3 } }]);
    });
    it('count until what the node calls fresh changes', async () => {
      await world.run(fresh());
      expect((await world.run(fresh())).called).toEqual(stored ? [] : ['src', 'f', 'next', 'out']);
      knobs.fresh = () => 1;
      for (const again of [['f', 'next', 'out'], []])
        expect((await world.run(fresh())).called).toEqual(stored ? again : ['src', 'f', 'next', 'out']);
      knobs.fresh = () => 0;
      expect((await world.run(fresh())).called).toEqual(stored ? [] : ['src', 'f', 'next', 'out']);
    });
    it.each([
      [
        'throws',
        () => {
          throw new Error('no clock');
        },
        'no clock',
      ],
      ['is NaN', () => Number.NaN, 'expected plain data, got NaN'],
    ])('do not count where what the node calls fresh %s, and the log says so', async (_, say, why) => {
      knobs.fresh = say;
      await world.run(fresh());
      const { called, of, outputs } = await world.run(fresh());
      expect(called).toEqual(stored ? ['f', 'next', 'out'] : ['src', 'f', 'next', 'out']);
      expect(of('node_log').map(({ node, level, message }) => [node, level, message])).toEqual([
        ['f', 'warn', expect.stringContaining(why)],
      ]);
      expect(outputs).toEqual({ out: { number: 7 } });
    });
    it('of a node in a loop that is never fresh are made in every turn', async () => {
      let day = 0;
      knobs.fresh = () => ++day;
      const graph = graphOf({ list: ['list', { text: '1,2' }], f: ['fresh'], out: ['show'] }, 'list.number f.image', 'f.number out.number');
      await world.run(graph);
      expect((await world.run(graph)).called.filter((id) => id === 'f')).toHaveLength(2);
    });
    it('cannot be changed by a node that reads them', async () => {
      knobs.free = async ({ list }) => {
        (list as number[]).push(99);
        return { number: 0 };
      };
      const spoiling = graphOf(
        { list: ['list', { text: '1,2' }], f: ['free'], out: ['show'] },
        'list.number f.list',
        'f.number out.number',
      );
      const { problems } = await world.run(spoiling);
      expect(problems).toMatchObject([{ code: 'ENGINE_NODE_FAILED', node: 'f' }]);
      expect(problems[0]!.message).toContain('not extensible');
      const reading = graphOf(
        { list: ['list', { text: '1,2' }], join: ['join'], out: ['say'] },
        'list.number join.numbers',
        'join.text out.text',
      );
      expect((await world.run(reading)).outputs).toEqual({ out: { text: '1,2' } });
    });
    it('never stand for NaN, which is refused, and are the same for 0 and -0', async () => {
      const of = (value: number) => graphOf({ src: ['number', { value }], out: ['show'] }, 'src.number out.number');
      expect((await world.run(of(Number.NaN))).problems).toMatchObject([{ code: 'CORE_BAD_VALUE', node: 'src', port: 'value' }]);
      await world.run(of(0));
      const { called, outputs } = await world.run(of(-0));
      expect(called).toEqual(stored ? [] : ['src', 'out']);
      expect(Object.is(outputs['out']!['number'], 0)).toBe(true);
    });
    it('tell apart texts that look the same, in values and as names of nodes', async () => {
      for (const text of ['é', 'e\u0301', '😀', '\ud83d', 'ß', 'ss']) {
        const graph = graphOf({ t: ['text', { value: text }], out: ['say'] }, 't.text out.text');
        const { called, outputs } = await world.run(graph);
        expect([called, outputs]).toEqual([['t', 'out'], { out: { text } }]);
      }
    });
    it('are not changed by the order in which nodes and links stand in the document', async () => {
      await world.run(mix(0.5));
      const { nodes, links, ...rest } = mix(0.5);
      const { called, outputs } = await world.run({
        ...rest,
        nodes: Object.fromEntries(Object.entries(nodes).reverse()),
        links: links.toReversed(),
      });
      expect([called.length, outputs]).toEqual([stored ? 0 : 4, { out: { number: 127.5 } }]);
    });
    it('let a new process go on where the last one was ended', async () => {
      const cancel = new AbortController();
      knobs.free = async ({ a }) => {
        cancel.abort();
        return { number: a };
      };
      const graph = graphOf(
        { src: ['number', { value: 7 }], f: ['free'], next: ['add'], out: ['show'] },
        'src.number f.a',
        'f.number next.a',
        'next.number out.number',
      );
      expect((await world.run(graph, { signal: cancel.signal })).terminal.type).toBe('run_cancelled');
      const { called, outputs } = await world.run(graph);
      expect([called, outputs]).toEqual([stored ? ['next', 'out'] : ['src', 'f', 'next', 'out'], { out: { number: 7 } }]);
    });
    it('make no difference to the order in which what is left runs', async () => {
      const graph = graphOf(
        { src: ['number', { value: 1 }], a: ['add', { b: 1 }], b: ['add', { b: 2 }], sum: ['add'], out: ['show'] },
        'src.number a.a',
        'src.number b.a',
        'a.number sum.a',
        'b.number sum.b',
        'sum.number out.number',
      );
      expect((await world.run(graph)).called).toEqual(['src', 'a', 'b', 'sum', 'out']);
      graph.nodes['src']!.values['value'] = 2;
      expect((await world.run(graph)).called).toEqual(['src', 'a', 'b', 'sum', 'out']);
    });
  });
});
