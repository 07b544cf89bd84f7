// FaceScoreTrainer: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';
import { recomputePort } from '@facewright/pipelines/training-ports';

export const definition = defineNode({
  type: 'facewright/face-score-trainer',
  version: 1,
  title: 'Face Score trainer',
  summary:
    'Fine-tunes a face score on (good, bad) pairs, so that the good face of each pair scores higher. Gives the parameters that did best on pairs kept out.',
  category: 'Training',
  inputs: {
    model: port.model('face-score', { help: 'The score to start from.' }),
    pairs: port.pairs({ help: 'Good and bad faces; the repainted boxes are cropped, as when scoring.' }),
    steps: port.integer({ min: 1, max: 1_000_000, default: 80, help: 'Optimiser steps; counts when epochs is 0.' }),
    epochs: port.number({
      min: 0,
      max: 10_000,
      default: 0,
      help: 'How often every training pair is seen, each once before any comes again; 0 draws pairs at random for the number of steps.',
    }),
    batch: port.integer({ min: 1, max: 512, default: 16, help: 'Pairs that go through the network at once: memory grows with it.' }),
    accumulate: port.integer({
      min: 1,
      max: 4096,
      default: 1,
      advanced: true,
      help: 'Batches whose gradients are averaged for one step: a larger batch in the same memory.',
    }),
    learningRate: port.number({
      min: 0,
      max: 1,
      default: 1e-4,
      help: 'Highest learning rate, reached after the warm-up; then it follows a cosine to zero. ImageReward was trained with 1e-5.',
    }),
    frozenShare: port.number({
      min: 0,
      max: 1,
      default: 0,
      help: 'Share of the layers, from the input on, that stay as they are: less memory, less time, less forgetting. ImageReward was trained with 0.7; 0 trains all.',
    }),
    head: port.choice(['keep', 'new'], {
      default: 'keep',
      help: 'Go on with the last layers of the score, which turn features into one number, or begin them anew, as after a change of what is judged.',
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
      help: 'Share of pairs kept out of training. Their loss says which parameters are kept; their accuracy is shown, also of each good face against itself blurred, sharpened and noised.',
    }),
    validateEvery: port.integer({
      min: 0,
      max: 1_000_000,
      default: 0,
      advanced: true,
      help: 'Steps between two looks at the pairs kept out; 0 looks four times in an epoch, or eight times in all where steps are counted.',
    }),
    patience: port.integer({
      min: 0,
      max: 1000,
      default: 0,
      help: 'Stops early after this many looks in a row without a lower validation loss; 0 never does.',
    }),
    warmUpShare: port.number({
      min: 0,
      max: 0.5,
      default: 0.05,
      advanced: true,
      help: 'Share of the steps over which the learning rate rises. ImageReward was trained with 0.',
    }),
    maxGradientNorm: port.number({
      min: 0,
      max: 1e6,
      default: 1,
      advanced: true,
      help: 'Gradients are scaled down to this common norm; 0 leaves them as they are, as ImageReward does.',
    }),
    extend: port.boolean({
      default: false,
      advanced: true,
      help: 'Goes on from what is kept of a training with fewer steps or epochs and otherwise the same settings, although its learning rates were others than those of one long training.',
    }),
    recompute: recomputePort,
    seed: port.seed({ help: 'Seed of the order of the pairs, of what is made worse, and of a new head.' }),
  },
  outputs: { model: port.model('face-score'), training: port.training() },
  effects: 'none',
  stops: true,
  extends: ['steps', 'epochs', 'extend'],
});
