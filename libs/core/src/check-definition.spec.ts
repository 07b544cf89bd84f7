import { expect, it } from 'vitest';
import { checkDefinition } from './check-definition.ts';
import { defineNode } from './node.ts';
import { port } from './port.ts';

const base = { type: 'test/n', version: 1, title: 'T', summary: 'S.', category: 'C', effects: 'none', inputs: {}, outputs: {} } as const;
const codes = (parts: object) => checkDefinition(defineNode({ ...base, ...parts })).map(({ code }) => code);

it('a type variable is the same as an input that takes anything', () => {
  expect(codes({ inputs: { x: port.any(), y: port.same('x') }, outputs: { z: port.same('x') } })).toEqual([]);
  expect(codes({ inputs: { x: port.text() }, outputs: { z: port.same('x'), w: port.same('none') } })).toEqual([
    'CORE_BAD_SAME',
    'CORE_BAD_SAME',
  ]);
});
it('each is for outputs, lazy and many are for inputs', () => {
  const needs = () => [];
  expect(
    codes({ inputs: { a: port.many(port.text()), b: port.lazy(port.text()) }, outputs: { c: port.each(port.text()) }, needs }),
  ).toEqual([]);
  expect(codes({ inputs: { a: port.each(port.text()) }, outputs: { b: port.many(port.text()), c: port.lazy(port.text()) } })).toEqual([
    'CORE_BAD_SIDE',
    'CORE_BAD_SIDE',
    'CORE_BAD_SIDE',
  ]);
});
it('lazy inputs and needs go together', () => {
  expect(codes({ inputs: { a: port.lazy(port.text()) } })).toEqual(['CORE_LAZY_NEEDS']);
  expect(codes({ inputs: { a: port.text() }, needs: () => [] })).toEqual(['CORE_LAZY_NEEDS']);
});
