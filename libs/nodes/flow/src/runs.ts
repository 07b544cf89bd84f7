// The work of the flow nodes: what they decide and how they take lists apart.
import { blocked, type NodeRun } from '@facewright/core';
import type * as definitions from './definition.ts';

type Run<Name extends keyof typeof definitions> = NodeRun<(typeof definitions)[Name]>;

export const switchValue: Run<'switchValue'> = async ({ on, yes, no }) => {
  const value = on ? yes : no;
  return { value: value === undefined ? blocked(`nothing is linked to ${on ? 'yes' : 'no'}`) : value };
};
export const gate: Run<'gate'> = async ({ value, open, reason }) => ({ value: open ? value : blocked(reason) });

const comparisons: Readonly<Record<Parameters<Run<'compare'>>[0]['is'], (a: number, b: number) => boolean>> = {
  'less than': (a, b) => a < b,
  'at most': (a, b) => a <= b,
  'equal to': (a, b) => a === b,
  'not equal to': (a, b) => a !== b,
  'at least': (a, b) => a >= b,
  'greater than': (a, b) => a > b,
};
export const compare: Run<'compare'> = async ({ a, is, b }) => ({ result: comparisons[is](a, b) });
export const logic: Run<'logic'> = async ({ how, a, b }) => {
  switch (how) {
    case 'a and b':
      return { result: a && b === true };
    case 'a or b':
      return { result: a || b === true };
    case 'not a':
      return { result: !a };
  }
};

export const count: Run<'count'> = async ({ from, step, times }) => {
  const numbers = Array.from({ length: times }, (_, i) => from + i * step);
  return { number: numbers, whole: numbers.map(Math.round) };
};
export const lines: Run<'lines'> = async ({ text }) => ({
  line: text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter(Boolean),
});
export const eachPicture: Run<'eachPicture'> = async ({ images }) => ({ image: images });
export const eachPrompt: Run<'eachPrompt'> = async ({ prompts: { prompts } }) => ({
  prompt: prompts.map((prompt) => ({ prompts: [prompt] })),
});

export const collectPictures: Run<'collectPictures'> = async ({ images }) => ({ images: images.flat() });
export const joinTexts: Run<'joinTexts'> = async ({ texts, between }) => ({ text: texts.join(between) });
export const sumUp: Run<'sumUp'> = async ({ numbers }) => {
  const sum = numbers.reduce((total, number) => total + number, 0);
  const ofSome = (value: () => number) => (numbers.length === 0 ? blocked('there are no numbers') : value());
  return {
    count: numbers.length,
    sum,
    mean: ofSome(() => sum / numbers.length),
    least: ofSome(() => numbers.reduce((least, number) => Math.min(least, number))),
    greatest: ofSome(() => numbers.reduce((greatest, number) => Math.max(greatest, number))),
  };
};
