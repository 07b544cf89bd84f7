import { describe, expect, it } from 'vitest';
import { inner, knobs, sleep } from './fixtures/nodes.ts';
import { graphOf, withEachCache } from './fixtures/world.ts';

withEachCache((world) => {
  const stored = world.kind !== 'none';
  const three = graphOf(
    {
      a: ['sleep', { value: 1, ms: 60 }],
      b: ['sleep', { value: 2, ms: 60 }],
      c: ['sleep', { value: 6, ms: 60 }],
      mean: ['average'],
      out: ['show'],
    },
    'a.number mean.a',
    'b.number mean.b',
    'c.number mean.c',
    'mean.number out.number',
  );
  describe('nodes that wait for something outside', () => {
    it('run beside each other', async () => {
      const { outputs } = await world.run(three);
      expect([outputs, knobs.mostAsleep]).toEqual([{ out: { number: 3 } }, 3]);
    });
    it('run beside each other in expansions', async () => {
      const graph = graphOf(
        { e: ['expand-sleeps', { value: 1, ms: 40 }], f: ['expand-sleeps', { value: 10, ms: 40 }], sum: ['add'], out: ['show'] },
        'e.number sum.a',
        'f.number sum.b',
        'sum.number out.number',
      );
      const { outputs, of } = await world.run(graph);
      expect([outputs, knobs.mostAsleep]).toEqual([{ out: { number: 13 } }, 3]);
      expect(of('node_expanded').map(({ node }) => node)).toEqual(['e', 'f']);
    });
    it('for each item of a list run beside each other, and keep its order', async () => {
      const graph = graphOf(
        { list: ['list', { text: '60,5,30' }], s: ['sleep'], join: ['join'], out: ['say'] },
        'list.number s.value',
        'list.number s.ms',
        's.number join.numbers',
        'join.text out.text',
      );
      const { outputs } = await world.run(graph);
      expect([outputs, knobs.mostAsleep]).toEqual([{ out: { text: '60,5,30' } }, 3]);
    });
    it('run beside those that compute, which run one at a time', async () => {
      let computing = 0;
      let most = 0;
      let besideSleep = 0;
      knobs.free = async ({ a }) => {
        most = Math.max(most, ++computing);
        await sleep(10);
        besideSleep += knobs.asleep;
        computing--;
        return { number: a };
      };
      const graph = graphOf(
        { slow: ['sleep', { value: 1, ms: 40 }], x: ['free', { a: 1 }], y: ['free', { a: 2 }], all: ['average'], out: ['show'] },
        'slow.number all.a',
        'x.number all.b',
        'y.number all.c',
        'all.number out.number',
      );
      expect((await world.run(graph)).terminal.type).toBe('run_succeeded');
      expect([most, besideSleep > 0]).toEqual([1, true]);
    });
    it('after each other give what their dependence says', async () => {
      const graph = graphOf(
        { a: ['sleep', { value: 5, ms: 5 }], b: ['sleep', { ms: 5 }], out: ['show'] },
        'a.number b.value',
        'b.number out.number',
      );
      expect([(await world.run(graph)).outputs, knobs.mostAsleep]).toEqual([{ out: { number: 5 } }, 1]);
    });
    it('are stored as all others', async () => {
      await world.run(three);
      expect((await world.run(three)).called).toEqual(stored ? [] : ['a', 'b', 'c', 'mean', 'out']);
    });
    it('of which one fails stop the others, and the next run succeeds', async () => {
      knobs.free = async () => {
        throw new Error('timeout: no answer in 1 s');
      };
      const graph = graphOf(
        { slow: ['sleep', { value: 1, ms: 5000 }], bad: ['free', { a: 1 }], sum: ['add'], out: ['show'] },
        'slow.number sum.a',
        'bad.number sum.b',
        'sum.number out.number',
      );
      const { problems, of } = await world.run(graph);
      expect(problems).toMatchObject([{ code: 'ENGINE_NODE_FAILED', node: 'bad' }]);
      expect(problems[0]!.message).toContain('timeout: no answer in 1 s');
      expect([of('node_failed').length, knobs.asleep, knobs.awoken]).toEqual([1, 0, 0]);
      expect((await world.run(three)).terminal.type).toBe('run_succeeded');
    });
    it('are all stopped by a cancel', async () => {
      const cancel = new AbortController();
      const long = graphOf(
        { a: ['sleep', { value: 1, ms: 5000 }], b: ['sleep', { value: 2, ms: 5000 }], sum: ['add'], out: ['show'] },
        'a.number sum.a',
        'b.number sum.b',
        'sum.number out.number',
      );
      const { terminal } = await world.run(long, {
        signal: cancel.signal,
        onEvent(event) {
          if (event.type === 'node_started' && event.node === 'b') setTimeout(() => cancel.abort(), 20);
        },
      });
      expect([terminal.type, knobs.asleep, knobs.mostAsleep, knobs.awoken]).toEqual(['run_cancelled', 0, 2, 0]);
    });
    it('may expand: what they expand to takes its turn with the rest', async () => {
      knobs.free = async (_, { expand }) => expand(inner({ s: ['expand-sleeps', { value: 1, ms: 5 }] }), { number: ['s', 'number'] });
      expect((await world.run(graphOf({ f: ['free'], out: ['show'] }, 'f.number out.number'))).outputs).toEqual({ out: { number: 2 } });
    });
    it('are at most 16 at once', async () => {
      const graph = graphOf(
        {
          list: ['list', { text: Array.from({ length: 40 }, (_, i) => i).join(',') }],
          s: ['sleep', { ms: 5 }],
          sum: ['sum'],
          out: ['show'],
        },
        'list.number s.value',
        's.number sum.numbers',
        'sum.number out.number',
      );
      expect([(await world.run(graph)).outputs, knobs.mostAsleep]).toEqual([{ out: { number: 780 } }, 16]);
    });
  });
});
