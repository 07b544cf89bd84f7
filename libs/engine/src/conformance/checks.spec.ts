import { describe, expect, it } from 'vitest';
import { knobs } from './fixtures/nodes.ts';
import { graphOf, withEachCache } from './fixtures/world.ts';

withEachCache((world) => {
  const coded = (problems: readonly { code: string; node?: string; port?: string }[]) =>
    problems.map(({ code, node, port }) => [code, node, port]);

  describe('a graph is refused before anything runs', () => {
    it.each([
      [{ value: 5 }, []],
      [{ value: 6 }, [['CORE_CHECK_FAILED', 'v', 'value']]],
      [{ value: 6, limit: 7 }, []],
      [{ value: 'foo' }, [['CORE_BAD_VALUE', 'v', 'value']]],
      // The port speaks first: a check sees only values that passed it.
      [{ value: 11 }, [['CORE_BAD_VALUE', 'v', 'value']]],
    ])('when a node says that its values %j do not go together', async (values, problems) => {
      const ran = await world.run(graphOf({ v: ['validated', values], out: ['show'] }, 'v.number out.number'));
      expect(coded(ran.problems)).toEqual(problems);
      expect(ran.called).toEqual(problems.length === 0 ? ['v', 'out'] : []);
    });
    it('with the words of the node', async () => {
      const { problems } = await world.run(graphOf({ v: ['validated', { value: 6 }], out: ['show'] }, 'v.number out.number'));
      expect(problems[0]!.message).toBe('node v (test/validated) > input value: expected at most limit (5), got 6');
    });
    it('a check does not see linked values, whose ports are checked all the same', async () => {
      const graph = graphOf(
        { src: ['number', { value: 9 }], v: ['validated'], out: ['show'] },
        'src.number v.value',
        'v.number out.number',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { number: 9 } });
      graph.nodes['src']!.values['value'] = 11;
      expect(coded((await world.run(graph)).problems)).toEqual([['CORE_BAD_VALUE', 'v', 'value']]);
    });
    it('when a link is of the wrong type, whatever checks the node has', async () => {
      const graph = graphOf({ t: ['text', { value: 'x' }], v: ['validated'], out: ['show'] }, 't.text v.value', 'v.number out.number');
      expect(coded((await world.run(graph)).problems)).toEqual([['CORE_LINK_TYPE', 'v', 'value']]);
    });
    it('when it has a cycle, or a node that feeds itself', async () => {
      const cycle = graphOf({ x: ['add'], y: ['add'], out: ['show'] }, 'x.number y.a', 'y.number x.a', 'y.number out.number');
      expect((await world.run(cycle)).problems.map(({ code }) => code)).toEqual(['CORE_CYCLE']);
      const self = graphOf({ x: ['add'], out: ['show'] }, 'x.number x.a', 'x.number out.number');
      expect((await world.run(self)).problems.map(({ message }) => message)).toEqual(['graph: expected no cycle, got x → x']);
    });
    it('when one output depends on a node that is gone; the sound one runs when it is chosen', async () => {
      const graph = graphOf(
        { src: ['number', { value: 1 }], good: ['show'], bad: ['show'] },
        'src.number good.number',
        'removed.number bad.number',
      );
      expect(coded((await world.run(graph)).problems)).toEqual([['CORE_UNKNOWN_NODE', 'bad', 'number']]);
      expect((await world.run(graph, { targets: ['good'] })).outputs).toEqual({ good: { number: 1 } });
    });
    it('when an input that nobody declares has a value or a link', async () => {
      const graph = graphOf({ src: ['number', { value: 1, strange: 2 }], out: ['show'] }, 'src.number out.number', 'src.number out.other');
      expect(coded((await world.run(graph)).problems)).toEqual([
        ['CORE_UNKNOWN_PORT', 'out', 'other'],
        ['CORE_UNKNOWN_PORT', 'src', 'strange'],
      ]);
    });
    it('but an optional input may be left out', async () => {
      const graph = graphOf(
        { a: ['number', { value: 255 }], b: ['number', { value: 0 }], mean: ['average'], out: ['show'] },
        'a.number mean.a',
        'b.number mean.b',
        'mean.number out.number',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { number: 127.5 } });
    });
  });

  describe('a type variable', () => {
    const pick = (
      yes: [string, Record<string, unknown>],
      no: [string, Record<string, unknown>],
      out: string,
      input: string,
      outputs: [string, string],
    ) =>
      graphOf(
        { yes, no, pick: ['switch', { on: true }], out: [out] },
        `yes.${outputs[0]} pick.yes`,
        `no.${outputs[1]} pick.no`,
        `pick.value out.${input}`,
      );
    it('takes the type of what is linked to it, through any number of nodes', async () => {
      const graph = graphOf(
        { n: ['number', { value: 4 }], a: ['gate', { open: true }], b: ['gate', { open: true }], out: ['show'] },
        'n.number a.value',
        'a.value b.value',
        'b.value out.number',
      );
      expect((await world.run(graph)).outputs).toEqual({ out: { number: 4 } });
    });
    it('refuses a consumer of another type before the run', async () => {
      const graph = pick(['number', { value: 1 }], ['number', { value: 2 }], 'say', 'text', ['number', 'number']);
      const { problems, called } = await world.run(graph);
      expect([coded(problems), called]).toEqual([[['CORE_LINK_TYPE', 'out', 'text']], []]);
      expect(problems[0]!.message).toContain('expected text, got a number');
    });
    it('refuses a second link of another type than the first', async () => {
      const graph = pick(['number', { value: 1 }], ['text', { value: 'x' }], 'show', 'number', ['number', 'text']);
      expect(coded((await world.run(graph)).problems)).toEqual([['CORE_LINK_TYPE', 'pick', 'no']]);
    });
    it('is checked again when the value comes', async () => {
      const graph = graphOf(
        { n: ['number', { value: 4 }], wrong: ['wrong'], out: ['show'] },
        'n.number wrong.value',
        'wrong.value out.number',
      );
      const { problems } = await world.run(graph);
      expect(coded(problems)).toEqual([['CORE_BAD_VALUE', 'wrong', 'value']]);
      expect(problems[0]!.message).toContain('output value: expected a number from');
    });
  });

  describe('chosen targets', () => {
    const graph = graphOf(
      {
        a: ['number', { value: 1 }],
        b: ['number', { value: 2 }],
        c: ['number', { value: 3 }],
        out1: ['show'],
        out2: ['show'],
        out3: ['show'],
      },
      'a.number out1.number',
      'b.number out2.number',
      'c.number out3.number',
    );
    it('run with what they need, and nothing else does', async () => {
      const { called, outputs } = await world.run(graph, { targets: ['out1'] });
      expect([called, outputs]).toEqual([['a', 'out1'], { out1: { number: 1 } }]);
    });
    it('may be several of the outputs', async () => {
      const { called, outputs } = await world.run(graph, { targets: ['out1', 'out3'] });
      expect([called, outputs]).toEqual([['a', 'out1', 'c', 'out3'], { out1: { number: 1 }, out3: { number: 3 } }]);
    });
    it('run outputs on their way, since those give values on', async () => {
      const chain = graphOf(
        { a: ['number', { value: 1 }], shown: ['show'], plus: ['add', { b: 1 }], mid: ['show'], last: ['show'] },
        'a.number shown.number',
        'shown.number plus.a',
        'plus.number mid.number',
        'mid.number last.number',
      );
      expect((await world.run(chain, { targets: ['mid'] })).called).toEqual(['a', 'shown', 'plus', 'mid']);
    });
    it('must be at least one', async () => {
      const { problems, called } = await world.run(graph, { targets: [] });
      expect([problems.map(({ code }) => code), called]).toEqual([['CORE_NO_TARGETS'], []]);
    });
  });

  describe('a node that fails', () => {
    it('is named, with what it threw; what had finished stays stored, and the next run succeeds', async () => {
      knobs.free = async ({ a }) => {
        throw new RangeError(`sizes ${a} and 2 differ`);
      };
      const graph = graphOf({ src: ['number', { value: 1 }], f: ['free'], out: ['show'] }, 'src.number f.a', 'f.number out.number');
      const { problems } = await world.run(graph);
      expect(problems).toEqual([
        {
          code: 'ENGINE_NODE_FAILED',
          node: 'f',
          message: 'node f (test/free): expected the node to finish, got RangeError: sizes 1 and 2 differ (inputs: a 1)',
        },
      ]);
      knobs.free = async () => ({ number: 3 });
      const { called, outputs } = await world.run(graph);
      expect([called, outputs]).toEqual([world.kind === 'none' ? ['src', 'f', 'out'] : ['f', 'out'], { out: { number: 3 } }]);
    });
  });

  describe('runs do not meddle with each other', () => {
    it('at the same time: each gets its own events and results', async () => {
      knobs.free = async ({ a }, { progress }) => {
        for (let step = 1; step <= 3; step++) {
          progress(step, 3);
          await new Promise((resolve) => setTimeout(resolve, 1));
        }
        return { number: a };
      };
      const graph = (value: number) => graphOf({ f: ['free', { a: value }], out: ['show'] }, 'f.number out.number');
      const all = await Promise.all([1, 2, 3].map((value) => world.run(graph(value))));
      expect(all.map(({ outputs }) => outputs['out']!['number'])).toEqual([1, 2, 3]);
      for (const { of } of all) expect(of('node_started').map(({ node }) => node)).toEqual(['f', 'out']);
    });
  });
});
