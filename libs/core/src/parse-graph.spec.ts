import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { graphJsonSchema } from './graph-json-schema.ts';
import { parseGraph, parseGraphText } from './parse-graph.ts';

const problemsOf = (json: unknown) => parseGraph(json).problems?.map(({ code, message, node, port }) => ({ code, message, node, port }));

describe('parseGraph', () => {
  it('fills in what may be left out', () => {
    expect(parseGraph({ facewright: 1, nodes: { a: { type: 'x/y', version: 1 } } }).graph).toEqual({
      facewright: 1,
      name: 'Untitled',
      description: '',
      nodes: { a: { type: 'x/y', version: 1, values: {} } },
      links: [],
      groups: [],
    });
  });
  it('names everything that is wrong at once, with the node', () => {
    const problems = problemsOf({
      facewright: 2,
      nodes: { a: { type: 'noslash', version: '1' }, b: { type: 'x/y', version: 1.5, extra: true } },
      links: [{ from: ['a'], to: ['b', 'in'] }],
    });
    expect(problems).toEqual([
      { code: 'CORE_BAD_DOCUMENT', message: 'graph.facewright: expected 1, got 2', node: undefined, port: undefined },
      {
        code: 'CORE_BAD_DOCUMENT',
        message: expect.stringMatching(/^graph\.nodes\.a\.type: expected text like .*, got "noslash"$/),
        node: 'a',
        port: undefined,
      },
      { code: 'CORE_BAD_DOCUMENT', message: 'graph.nodes.a.version: expected number, got "1"', node: 'a', port: undefined },
      { code: 'CORE_BAD_DOCUMENT', message: 'graph.nodes.b.version: expected int, got 1.5', node: 'b', port: undefined },
      {
        code: 'CORE_BAD_DOCUMENT',
        message: expect.stringMatching(/^graph\.nodes\.b: expected no unknown keys \(extra\), got /),
        node: 'b',
        port: undefined,
      },
      {
        code: 'CORE_BAD_DOCUMENT',
        message: expect.stringMatching(/^graph\.links\.0\.from(\.1)?: expected .*, got /),
        node: undefined,
        port: undefined,
      },
    ]);
  });
  it.each([null, 3, 'graph', [], {}])('refuses %j', (json) => expect(problemsOf(json)!.length).toBeGreaterThan(0));
  it('refuses a node id that is not a plain name', () => {
    expect(problemsOf({ facewright: 1, nodes: { 'a b': { type: 'x/y', version: 1 } } })).toEqual([
      {
        code: 'CORE_BAD_DOCUMENT',
        message: 'graph.nodes.a b: expected a name of letters, digits, _ and -, got "a b"',
        node: 'a b',
        port: undefined,
      },
    ]);
  });
  it.each([
    '{"facewright":1,"nodes":{"__proto__":{"type":"x/y","version":1}}}',
    '{"facewright":1,"nodes":{"a":{"type":"x/y","version":1,"values":{"__proto__":1}}}}',
  ])('refuses a name that no record can hold: %s', (text) => {
    expect(parseGraphText(text).problems).toEqual([
      { code: 'CORE_BAD_DOCUMENT', message: expect.stringMatching(/^graph\.nodes(\.a\.values)?: expected another name, got "__proto__"$/) },
    ]);
  });
  it('says that text is not JSON', () => expect(parseGraphText('{"facewright":').problems?.[0]?.code).toBe('CORE_NOT_JSON'));
});

describe('graphJsonSchema', () => {
  it('is what docs/graph.schema.json publishes (write it again with: node tools/write-graph-schema.ts)', () => {
    const file = join(import.meta.dirname, '../../../docs/graph.schema.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(JSON.stringify(graphJsonSchema())));
  });
});
