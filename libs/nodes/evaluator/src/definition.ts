// Evaluators: ports of the nodes, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/evaluator',
  version: 2,
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
  migrations: [{ to: 2, why: 'the report has a table for other programs and more pictures', up: (values) => values }],
});

export const experimentDefinition = defineNode({
  type: 'facewright/evaluate-experiment',
  version: 1,
  title: 'Evaluate experiment',
  summary:
    'Compares any number of models by any metrics: means, paired differences with 95 % intervals, win rates, distributions, and the pictures behind the numbers.',
  category: 'Evaluation',
  inputs: {
    variants: port.variants({ help: 'Pictures of each model, from Draw experiment or Add pictures. They are paired by prompt and seed.' }),
    metrics: port.metrics({
      help: 'What is measured, from the Metric nodes. Sharpness, contrast, faces found and diversity come by themselves.',
    }),
    real: port.optional(
      port.images({
        help: 'Real pictures, at least 32: needed for FID and KID. With them, sharpness, contrast and diversity are good when like theirs.',
      }),
    ),
    base: port.text({ default: '', help: 'Label of the variant that all others are compared with; empty takes the first.' }),
    title: port.text({ default: 'Which model is better?', help: 'Headline of the report.' }),
    resamples: port.integer({
      min: 100,
      max: 10000,
      default: 1000,
      advanced: true,
      help: 'Bootstrap resamples behind each interval; FID, KID and diversity use at most 300.',
    }),
    seed: port.seed({ help: 'Seed of the bootstrap and of the noise control.' }),
  },
  outputs: { report: port.report({ help: 'HTML for people, JSON and CSV for programs; all three also go into the output folder.' }) },
  effects: 'none',
  output: true,
});
