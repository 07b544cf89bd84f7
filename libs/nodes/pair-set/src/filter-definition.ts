// Filter pairs: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/pair-filter',
  version: 1,
  title: 'Filter pairs',
  summary: 'Keeps the pairs whose good face scores above the bad one, and whose bad picture still has a face where it was.',
  category: 'Faces',
  inputs: {
    pairs: port.pairs({ help: 'Pairs, from Pair set.' }),
    scorer: port.optional(port.model('face-score', { help: 'Scores the faces of both pictures; without it no score is asked for.' })),
    leastGap: port.number({
      min: -100,
      max: 100,
      default: 0,
      help: 'How much every good face must score above the bad one. 0 leaves out those that were repainted better than they were.',
    }),
    prompt: port.text({ default: 'A face.', advanced: true, help: 'What a face is said to show; FaceScore always says "A face."' }),
    detector: port.optional(
      port.model('face-detector', {
        help: 'Looks for the faces of the bad picture; without it nobody asks whether they are still faces. Another detector than the one that found the good faces is an independent judge.',
      }),
    ),
    leastOverlap: port.number({
      min: 0,
      max: 1,
      default: 0.5,
      help: 'Intersection over union that a face of the bad picture must have with each box.',
    }),
    threshold: port.number({ min: 0, max: 1, default: 0.5, help: 'Least confidence of a face in the bad picture.' }),
    limit: port.integer({ min: 0, max: 1_000_000, default: 0, help: 'Most pairs to keep, in their order; 0 keeps all.' }),
  },
  outputs: {
    pairs: port.pairs({ help: 'The pairs that pass, each with its scores and what the detector found.' }),
    preview: port.image({ help: 'The first pairs side by side, with their scores.' }),
    report: port.report({ help: 'All pairs as a contact sheet: how far apart they score, what was kept, and what was left out and why.' }),
  },
  effects: 'none',
  output: true,
  stops: true,
});
