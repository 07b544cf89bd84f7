// Evaluator: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/evaluator',
  version: 1,
  title: 'Evaluator',
  summary:
    'Tells whether fine-tuning made faces better: paired differences with 95 % intervals, measures nobody trained on, controls and a report.',
  category: 'Evaluation',
  inputs: {
    base: port.images({ help: 'Pictures of the model before training. Pictures are paired by prompt and seed.' }),
    tuned: port.images({ help: 'Pictures of the model under test, for the same prompts and seeds.' }),
    rival: port.optional(
      port.images({ help: 'Pictures of a rival, for the same prompts and seeds; usually plain fine-tuning on the good images.' }),
    ),
    real: port.images({ help: 'Real pictures: what Fréchet distance, sharpness, contrast and diversity are measured against.' }),
    scorer: port.model('face-score', { help: 'Scores the face crops. It may have been trained; so its number is never reported alone.' }),
    detector: port.model('face-detector', { help: 'Finds the faces to score.' }),
    features: port.model('features', {
      help: 'A network that never saw a generated picture; its features give Fréchet distance and diversity.',
    }),
    tunedLabel: port.text({ default: 'Guidance', help: 'What the model under test is called in the report.' }),
    rivalLabel: port.text({ default: 'Plain fine-tuning', help: 'What the rival is called in the report.' }),
    title: port.text({ default: 'Did the faces get better?', help: 'Headline of the report.' }),
    resamples: port.integer({
      min: 100,
      max: 10000,
      default: 1000,
      help: 'Bootstrap resamples behind each interval; Fréchet distance uses at most 300.',
    }),
    seed: port.seed({ help: 'Seed of the bootstrap and of the noise control.' }),
  },
  outputs: { report: port.report() },
  effects: 'none',
  output: true,
});
