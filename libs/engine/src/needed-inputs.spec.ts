import { port } from '@facewright/core';
import { expect, it } from 'vitest';
import { addNeeded, Unknown } from './needed-inputs.ts';

const inputs = { on: port.boolean(), a: port.lazy(port.text()), b: port.lazy(port.text()) };
const ask = (
  needs: (values: Readonly<Record<string, unknown>>) => readonly string[],
  known: Record<string, unknown>,
  wanted = new Set<string>(),
) => ({
  unknown: addNeeded({ inputs, needs }, wanted, (name) => (name in known ? known[name] : new Unknown(name)))?.input ?? null,
  wanted: [...wanted],
});

it('what does not look at an input does not wait for it', () => {
  expect(ask(() => ['a'], {})).toEqual({ unknown: null, wanted: ['a'] });
  expect(ask(({ on }) => [on ? 'a' : 'b'], {})).toEqual({ unknown: 'on', wanted: [] });
});
it('a lazy input that has a value is not seen before it is wanted, so that the answer is part of the key', () => {
  expect(ask(({ a }) => (a === undefined ? ['a'] : ['b']), { a: 'x' })).toEqual({ unknown: null, wanted: ['a', 'b'] });
});
it('needs that throws or names something else is told', () => {
  expect(() => ask(() => ['on'], {})).toThrow('needs: expected the names of lazy inputs, got on');
  expect(() =>
    ask(() => {
      throw new Error('oops');
    }, {}),
  ).toThrow('got Error: oops');
});
