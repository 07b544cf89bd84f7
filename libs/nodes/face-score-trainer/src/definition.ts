// FaceScoreTrainer: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/face-score-trainer',
  version: 1,
  title: 'Face Score trainer',
  summary: 'Fine-tunes a face score on (good, bad) pairs, so that the good face of each pair scores higher.',
  category: 'Training',
  inputs: {
    model: port.model('face-score', { help: 'The score to start from.' }),
    pairs: port.pairs({ help: 'Good and bad faces; the repainted boxes are cropped, as when scoring.' }),
    steps: port.integer({ min: 1, max: 1_000_000, default: 80, help: 'Optimiser steps.' }),
    batch: port.integer({ min: 1, max: 512, default: 16, help: 'Pairs in each step.' }),
    learningRate: port.number({
      min: 0,
      max: 1,
      default: 1e-4,
      help: 'Highest learning rate; warms up over the first twentieth, then follows a cosine to zero.',
    }),
    degradedShare: port.number({
      min: 0,
      max: 1,
      default: 0.3,
      help: 'Share of bad faces that are instead the good one blurred, sharpened or noised, so that the score cannot be bought with blur or noise.',
    }),
    validationShare: port.number({
      min: 0,
      max: 0.5,
      default: 0.15,
      help: 'Share of pairs kept out of training; their accuracy is shown and the best parameters are kept.',
    }),
    seed: port.seed({ help: 'Seed of the order of the pairs.' }),
  },
  outputs: { model: port.model('face-score'), training: port.training() },
  effects: 'none',
});
