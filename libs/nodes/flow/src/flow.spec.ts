import { isBlocked } from '@facewright/core';
import { createFakeContext } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { logic, switchValue } from './definition.ts';
import * as runs from './runs.ts';

const context = createFakeContext();
const picture = (key: string) => ({
  asset: { id: `sha256:${'a'.repeat(64)}`, mediaType: 'image/png', bytes: 1 },
  width: 1,
  height: 1,
  key,
  caption: '',
});

describe('a switch', () => {
  it('needs and gives only the end that is on', async () => {
    expect([switchValue.needs!({ on: true }), switchValue.needs!({ on: false })]).toEqual([['yes'], ['no']]);
    expect(await runs.switchValue({ on: true, yes: 1, no: undefined }, context)).toEqual({ value: 1 });
  });
  it('without a link at that end blocks what comes after it, and says why', async () => {
    expect(await runs.switchValue({ on: false, yes: 1, no: undefined }, context)).toEqual({
      value: { $blocked: 'nothing is linked to no' },
    });
  });
});

it('a gate lets through or holds back with its reason', async () => {
  expect(await runs.gate({ value: 'x', open: true, reason: 'r' }, context)).toEqual({ value: 'x' });
  expect(await runs.gate({ value: 'x', open: false, reason: 'r' }, context)).toEqual({ value: { $blocked: 'r' } });
});

it.each([
  ['less than', [true, false, false]],
  ['at most', [true, true, false]],
  ['equal to', [false, true, false]],
  ['not equal to', [true, false, true]],
  ['at least', [false, true, true]],
  ['greater than', [false, false, true]],
] as const)('%s compares', async (is, results) => {
  const given = await Promise.all([1, 2, 3].map((a) => runs.compare({ a, is, b: 2 }, context)));
  expect(given.map(({ result }) => result)).toEqual(results);
});

it.each([
  ['a and b', true, true, ['b'], true],
  ['a and b', true, false, ['b'], false],
  ['a and b', false, undefined, [], false],
  ['a or b', false, true, ['b'], true],
  ['a or b', true, undefined, [], true],
  ['not a', true, undefined, [], false],
] as const)('%s of %s and %s needs %j and is %s', async (how, a, b, needs, result) => {
  expect(logic.needs!({ how, a })).toEqual(needs);
  expect(await runs.logic({ how, a, b }, context)).toEqual({ result });
});

describe('lists', () => {
  it('of numbers are counted from, by and so often', async () => {
    expect(await runs.count({ from: 1, step: 0.5, times: 3 }, context)).toEqual({ number: [1, 1.5, 2], whole: [1, 2, 2] });
    expect(await runs.count({ from: 1, step: 1, times: 0 }, context)).toEqual({ number: [], whole: [] });
  });
  it('of lines leave out what is empty', async () => {
    expect(await runs.lines({ text: ' a\r\n\n b c \n' }, context)).toEqual({ line: ['a', 'b c'] });
  });
  it('of pictures and prompts are taken apart and put together again in order', async () => {
    const images = [picture('1'), picture('2')];
    expect(await runs.eachPicture({ images }, context)).toEqual({ image: images });
    expect(await runs.collectPictures({ images: [[images[1]!], [], [images[0]!]] }, context)).toEqual({ images: images.toReversed() });
    const prompts = [
      { key: 'a', text: 'x' },
      { key: 'b', text: 'y' },
    ];
    expect(await runs.eachPrompt({ prompts: { prompts } }, context)).toEqual({ prompt: prompts.map((prompt) => ({ prompts: [prompt] })) });
  });
  it('of numbers are summed up; an empty one has no mean', async () => {
    expect(await runs.sumUp({ numbers: [3, 1, 5] }, context)).toEqual({ count: 3, sum: 9, mean: 3, least: 1, greatest: 5 });
    const { count, sum, mean } = await runs.sumUp({ numbers: [] }, context);
    expect([count, sum, isBlocked(mean)]).toEqual([0, 0, true]);
  });
});
