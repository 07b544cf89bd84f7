// Toy judgements: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/toy-judgements',
  version: 1,
  title: 'Toy judgements',
  summary:
    'Draws sets of toy faces whose defects are known, and has simulated annotators judge them: a metric-alignment table without people.',
  category: 'Judgement',
  inputs: {
    sets: port.integer({
      min: 1,
      max: 10_000,
      default: 100,
      help: 'Sets to draw. A set shows one scene, with other defects in each picture.',
    }),
    perSet: port.integer({ min: 2, max: 3, default: 3, help: 'Pictures in a set.' }),
    strongest: port.number({ min: 0, max: 1, default: 1, help: 'Each face has a random amount of defects, from none to this.' }),
    nuisance: port.number({
      min: 0,
      max: 1,
      default: 0.5,
      help: 'Pictures also differ in blur and grain, at random, of which the annotators think nothing: up to this many pixels and ten times as many bytes.',
    }),
    annotators: port.integer({ min: 1, max: 20, default: 3, help: 'Simulated annotators. Each judges every set.' }),
    noise: port.number({
      min: 0,
      max: 2,
      default: 0.1,
      help: 'How badly annotators see: standard deviation that is added to the defect of a face, which is about 0.4 for a deformed one.',
    }),
    tieBelow: port.number({ min: 0, max: 1, default: 0.03, help: 'Two faces whose defects seem to differ by less are called a tie.' }),
    seed: port.seed({ default: 1, help: 'The same seed draws and judges the same; more sets add to them.' }),
  },
  outputs: {
    judgements: port.judgements({ help: 'The sets with the votes.' }),
    images: port.images({ help: 'The pictures, for metrics to score.' }),
    truth: port.scores({ help: 'The true defect of each face, lower is better: the best that a metric can know.' }),
  },
  effects: 'none',
});
