import { describeNode, defineNode, port } from '@facewright/core';
import { describe, expect, it } from 'vitest';
import { picturesOf, reportsOf } from './results.ts';
import { newRun, takeEvents } from './run-state.ts';

const image = (key: string) => ({
  asset: { id: `sha256:${'0'.repeat(64)}`, mediaType: 'image/png', bytes: 1 },
  width: 8,
  height: 8,
  key,
  caption: `caption of ${key}`,
});
const everything = describeNode(
  defineNode({
    type: 'x/everything',
    version: 1,
    title: 'Everything',
    summary: '',
    category: '',
    effects: 'none',
    inputs: {},
    outputs: {
      one: port.image(),
      many: port.images(),
      faces: port.faces(),
      pairs: port.pairs(),
      scores: port.scores(),
      judgements: port.judgements(),
      variants: port.variants(),
      model: port.model('diffusion'),
      report: port.report(),
    },
  }),
);
const report = { title: 'T', summary: 'S', html: image('h').asset, json: image('j').asset };
const outputs = {
  one: image('a'),
  many: [image('b'), image('c')],
  faces: {
    images: [
      { image: image('d'), faces: [{}, {}] },
      { image: image('e'), faces: [{}] },
    ],
  },
  pairs: { pairs: [{ key: 'p', caption: '', good: image('f'), bad: image('g'), boxes: [] }], manifest: {} },
  scores: {
    metric: 'm',
    higherIsBetter: true,
    rows: [
      { image: image('h'), face: 0, box: null, score: 0.123456 },
      { image: image('i'), face: null, box: null, score: null, note: 'no face' },
    ],
  },
  judgements: {
    name: 'j',
    labels: ['one', 'two'],
    sets: [
      {
        key: 'k',
        caption: '',
        images: [image('j'), image('k')],
        votes: [
          { annotator: 'A', choice: 1 },
          { annotator: 'B', choice: 'tie' },
        ],
      },
    ],
  },
  variants: [{ label: 'tuned', facts: {}, images: [image('v')] }],
  model: { family: 'diffusion' },
  report,
};

describe('picturesOf', () => {
  it('finds the pictures of every kind of output, with a note where there is something to say', () => {
    const found = picturesOf('n', everything, outputs).map(({ port: name, pictures }) => [
      name,
      pictures.map((picture) => [picture.image.key, picture.note]),
    ]);
    expect(found).toEqual([
      ['one', [['a', '']]],
      [
        'many',
        [
          ['b', ''],
          ['c', ''],
        ],
      ],
      [
        'faces',
        [
          ['d', '2 faces'],
          ['e', '1 face'],
        ],
      ],
      [
        'pairs',
        [
          ['f', 'good'],
          ['g', 'bad'],
        ],
      ],
      [
        'scores',
        [
          ['h', '0.1235'],
          ['i', 'no face'],
        ],
      ],
      [
        'judgements',
        [
          ['j', 'best for 0 of 2'],
          ['k', 'best for 1 of 2'],
        ],
      ],
      ['variants', [['v', 'tuned']]],
    ]);
  });
  it('finds those of all items where the node ran once for each', () => {
    const mapped = { one: [image('a'), [image('b')]], many: [[image('c')], [], [image('d')]], variants: [outputs.variants] };
    expect(picturesOf('n', everything, mapped).map(({ pictures }) => pictures.map((picture) => picture.image.key))).toEqual([
      ['a', 'b'],
      ['c', 'd'],
      ['v'],
    ]);
  });
  it('gives none for a node that is unknown or has no outputs yet', () => {
    expect(picturesOf('n', undefined, outputs)).toEqual([]);
    expect(picturesOf('n', everything, null)).toEqual([]);
  });
});

describe('reportsOf', () => {
  it('finds reports among the outputs of a run', () => {
    const run = takeEvents(newRun('r', ''), [
      {
        type: 'run_started',
        provider: 'cpu',
        plan: [{ node: 'n', type: 'x/everything', action: 'run', reason: '', key: '' }],
        run: 'r',
        seq: 1,
        time: '',
      },
      { type: 'node_finished', node: 'n', outputs, seconds: 1, run: 'r', seq: 2, time: '' },
    ]);
    expect(reportsOf(run, () => everything)).toEqual([{ node: 'n', report }]);
  });
  it('finds each report of a node that ran once for each item', () => {
    const run = takeEvents(newRun('r', ''), [
      { type: 'node_finished', node: 'n', outputs: { report: [report, report] }, seconds: 1, run: 'r', seq: 1, time: '' },
    ]);
    expect(reportsOf(run, () => everything)).toHaveLength(2);
  });
});
