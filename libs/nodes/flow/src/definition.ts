// Branches, lists and what puts them together again: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';

const category = 'Flow';
const any = { min: -1e12, max: 1e12 };

export const switchValue = defineNode({
  type: 'facewright/switch',
  version: 1,
  title: 'Switch',
  summary: 'Gives one of two values; what makes the other does not run.',
  category,
  inputs: {
    on: port.boolean({ default: true, help: 'On gives yes, off gives no.' }),
    yes: port.lazy(port.optional(port.any({ help: 'Anything. An end without a link blocks what comes after it.' }))),
    no: port.lazy(port.optional(port.same('yes', { help: 'Of the same type as yes.' }))),
  },
  outputs: { value: port.same('yes') },
  effects: 'none',
  needs: ({ on }) => [on ? 'yes' : 'no'],
});

export const gate = defineNode({
  type: 'facewright/gate',
  version: 1,
  title: 'Gate',
  summary: 'Lets a value through or holds it back: what comes after it is then skipped, of a list only that item.',
  category,
  inputs: {
    value: port.any(),
    open: port.boolean({ default: true }),
    reason: port.text({ default: '', help: 'Told at the nodes that are skipped; may be empty.' }),
  },
  outputs: { value: port.same('value') },
  effects: 'none',
});

export const compare = defineNode({
  type: 'facewright/compare',
  version: 1,
  title: 'Compare numbers',
  summary: 'Says whether a comparison of two numbers is true.',
  category,
  inputs: {
    a: port.number({ ...any, default: 0 }),
    is: port.choice(['less than', 'at most', 'equal to', 'not equal to', 'at least', 'greater than'], { default: 'at least' }),
    b: port.number({ ...any, default: 0 }),
  },
  outputs: { result: port.boolean() },
  effects: 'none',
});

export const logic = defineNode({
  type: 'facewright/logic',
  version: 1,
  title: 'Combine conditions',
  summary: 'And, or, and not; b runs only when a does not settle it.',
  category,
  inputs: {
    how: port.choice(['a and b', 'a or b', 'not a'], { default: 'a and b' }),
    a: port.boolean({ default: true }),
    b: port.lazy(port.boolean({ default: true })),
  },
  outputs: { result: port.boolean() },
  effects: 'none',
  needs: ({ how, a }) => ((how === 'a and b' && a) || (how === 'a or b' && !a) ? ['b'] : []),
});

export const count = defineNode({
  type: 'facewright/count',
  version: 1,
  title: 'Count',
  summary: 'Numbers one after the other; what comes after runs once for each.',
  category,
  inputs: {
    from: port.number({ ...any, default: 1 }),
    step: port.number({ ...any, default: 1 }),
    times: port.integer({ min: 0, max: 100_000, default: 4, help: 'How many numbers; 0 runs nothing.' }),
  },
  outputs: { number: port.each(port.number(any)), whole: port.each(port.integer(any)) },
  effects: 'none',
});

export const lines = defineNode({
  type: 'facewright/lines',
  version: 1,
  title: 'For each line',
  summary: 'The lines of a text; what comes after runs once for each.',
  category,
  inputs: { text: port.text({ multiline: true, default: '', help: 'Empty lines are left out.' }) },
  outputs: { line: port.each(port.text()) },
  effects: 'none',
});

export const eachPicture = defineNode({
  type: 'facewright/each-picture',
  version: 1,
  title: 'For each picture',
  summary: 'Takes a list of pictures apart; what comes after runs once for each.',
  category,
  inputs: { images: port.images() },
  outputs: { image: port.each(port.image()) },
  effects: 'none',
});

export const eachPrompt = defineNode({
  type: 'facewright/each-prompt',
  version: 1,
  title: 'For each prompt',
  summary: 'Takes prompts apart; what comes after runs once for each.',
  category,
  inputs: { prompts: port.prompts() },
  outputs: { prompt: port.each(port.prompts()) },
  effects: 'none',
});

export const collectPictures = defineNode({
  type: 'facewright/collect-pictures',
  version: 1,
  title: 'Collect pictures',
  summary: 'Puts the pictures of all items into one list, in order, without those that a gate held back.',
  category,
  inputs: { images: port.many(port.images()) },
  outputs: { images: port.images() },
  effects: 'none',
});

export const joinTexts = defineNode({
  type: 'facewright/join-texts',
  version: 1,
  title: 'Join texts',
  summary: 'Puts the texts of all items together.',
  category,
  inputs: { texts: port.many(port.text()), between: port.text({ default: '\n', multiline: true, help: 'Stands between two texts.' }) },
  outputs: { text: port.text() },
  effects: 'none',
});

export const sumUp = defineNode({
  type: 'facewright/sum-up',
  version: 1,
  title: 'Sum up numbers',
  summary: 'How many numbers there are, their sum, mean, least and greatest.',
  category,
  inputs: { numbers: port.many(port.number(any)) },
  outputs: {
    count: port.integer({ min: 0, max: 1e9 }),
    sum: port.number({ min: -1e300, max: 1e300 }),
    mean: port.number(any),
    least: port.number(any),
    greatest: port.number(any),
  },
  effects: 'none',
});
