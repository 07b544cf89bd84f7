import { describe, expect, it } from 'vitest';
import { inner, knobs, sleep } from './fixtures/nodes.ts';
import { graphOf, withEachCache } from './fixtures/world.ts';

withEachCache((world) => {
  const stored = world.kind !== 'none';
  describe('a graph in the place of a node', () => {
    it('with a cycle fails the node that expanded, and says so', async () => {
      const { problems, of } = await world.run(graphOf({ gen: ['expand-cycle', { a: 1 }], out: ['show'] }, 'gen.number out.number'));
      expect(problems).toMatchObject([{ code: 'ENGINE_EXPANSION', node: 'gen' }]);
      expect(problems[0]!.message).toContain('expected no cycle, got gen:y → gen:x → gen:y');
      expect(of('node_failed').map(({ node }) => node)).toEqual(['gen']);
    });
    it('is a loop: each turn has ids of its own, and the result is that of the last', async () => {
      for (const times of [1, 2, 3, 4]) {
        const { outputs, of } = await world.run(
          graphOf({ loop: ['halve', { image: 255, times }], out: ['show'] }, 'loop.number out.number'),
        );
        expect(outputs).toEqual({ out: { number: 255 / 2 ** times } });
        expect(of('node_expanded').map(({ plan }) => plan.map(({ node }) => node))).toEqual(
          Array.from({ length: times }, (_, i) => [`loop:turn-${i + 1}:body`]),
        );
      }
    });
    it('is stored turn by turn: a longer loop goes on from what the shorter did', async () => {
      const loop = (times: number) => graphOf({ loop: ['halve', { image: 256, times }], out: ['show'] }, 'loop.number out.number');
      await world.run(loop(3));
      const { called, outputs } = await world.run(loop(5));
      expect(outputs).toEqual({ out: { number: 8 } });
      expect(called.filter((id) => id.endsWith('body'))).toHaveLength(stored ? 2 : 5);
      expect((await world.run(loop(5))).called).toEqual(stored ? [] : called);
    });
    it('for each item of a list, beside outputs that need none, gives both', async () => {
      const graph = graphOf(
        { list: ['list', { text: '52,102,152' }], mixed: ['expand-mixed'], d: ['join'], l: ['join'], dynamic: ['say'], literal: ['say'] },
        'list.number mixed.image',
        'mixed.dynamic d.numbers',
        'mixed.literal l.numbers',
        'd.text dynamic.text',
        'l.text literal.text',
      );
      const { outputs, of } = await world.run(graph);
      expect(outputs).toEqual({ dynamic: { text: '26,51,76' }, literal: { text: '255,255,255' } });
      expect(of('node_expanded')).toHaveLength(3);
      expect(of('node_started').map(({ node }) => node)).toContain('mixed:1:half');
    });
    it('may expand in turn, and a list that comes out of it is mapped', async () => {
      expect(
        (await world.run(graphOf({ deep: ['expand-itself', { depth: 10 }], out: ['show'] }, 'deep.number out.number'))).outputs,
      ).toEqual({ out: { number: 10 } });
      const graph = graphOf(
        { many: ['expand-list', { text: '1,2' }], add: ['add', { b: 1 }], out: ['show'] },
        'many.number add.a',
        'add.number out.number',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { number: [102, 103] } });
    });
    it('that expands to itself without end is stopped', async () => {
      const { problems } = await world.run(graphOf({ deep: ['expand-itself', { depth: 1000 }], out: ['show'] }, 'deep.number out.number'));
      expect(problems[0]).toMatchObject({ code: 'ENGINE_EXPANSION', node: 'deep' });
      expect(problems[0]!.message).toContain('it expands to itself without end');
    });
    it('may not use the same ids twice', async () => {
      const { problems } = await world.run(graphOf({ twice: ['expand-twice', { a: 1 }], out: ['show'] }, 'twice.number out.number'));
      expect(problems).toMatchObject([{ code: 'ENGINE_EXPANSION', node: 'twice' }]);
      expect(problems[0]!.message).toContain('expected a name of its own for each, got none twice');
    });
    it('with a node that fails tells that node and the one that expanded', async () => {
      knobs.free = async (_, { expand }) => expand(inner({ bad: ['free-fails'] }), { number: ['bad', 'number'] });
      const unknown = await world.run(graphOf({ f: ['free'], out: ['show'] }, 'f.number out.number'));
      expect(unknown.problems[0]!.message).toMatch(/^node f \(test\/free\): expansion: expected a graph that can run, got node f:bad/);
      knobs.free = async ({ a }, { expand }) => {
        if (a === 1) throw new Error('inside');
        return expand(inner({ bad: ['free', { a: 1 }] }), { number: ['bad', 'number'] });
      };
      const failed = await world.run(graphOf({ f: ['free'], out: ['show'] }, 'f.number out.number'));
      expect(failed.of('node_failed').map(({ node }) => node)).toEqual(['f:bad', 'f']);
      expect(failed.problems).toMatchObject([{ code: 'ENGINE_NODE_FAILED', node: 'f' }]);
      expect(failed.problems[0]!.message).toContain('node f (test/free): node f:bad (test/free)');
    });
    it('is cancelled in the middle, and goes on from the nodes that had finished', async () => {
      const cancel = new AbortController();
      const values: number[] = [];
      knobs.free = async ({ a }, { expand, signal }) => {
        if (a !== undefined) {
          if (a === 2 && !values.includes(2)) {
            cancel.abort();
            await sleep(1000, signal);
          }
          values.push(a);
          return { number: a };
        }
        return expand(inner({ one: ['free', { a: 1 }], two: ['free', { a: 2 }], sum: ['add'] }, 'one.number sum.a', 'two.number sum.b'), {
          number: ['sum', 'number'],
        });
      };
      const graph = graphOf({ f: ['free'], out: ['show'] }, 'f.number out.number');
      const stopped = world.run(graph, { signal: cancel.signal });
      expect((await stopped).terminal.type).toBe('run_cancelled');
      expect((await stopped).of('node_failed')).toEqual([]);
      values.push(2);
      expect((await world.run(graph)).outputs).toEqual({ out: { number: 3 } });
      // The 2 in the middle is the spec's own.
      expect(values).toEqual(stored ? [1, 2, 2] : [1, 2, 1, 2]);
    });
    it('shows and saves by output nodes in it', async () => {
      knobs.free = async (_, { expand }) =>
        expand(inner({ n: ['number', { value: 4 }], shown: ['show'] }, 'n.number shown.number'), { number: ['n', 'number'] });
      const { called, of } = await world.run(graphOf({ f: ['free'], out: ['show'] }, 'f.number out.number'));
      expect(called).toEqual(['f', 'f:n', 'f:shown', 'out']);
      expect(of('node_finished').find(({ node }) => node === 'f:shown')!.outputs).toEqual({ number: 4 });
    });
  });
});
