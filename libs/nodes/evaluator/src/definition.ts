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

const anyNumber = { min: -Number.MAX_VALUE, max: Number.MAX_VALUE };
export const setDistanceDefinition = defineNode({
  type: 'facewright/set-distance',
  version: 1,
  title: 'Set distance',
  summary:
    'How far one set of pictures is from another by the features of a network: Fréchet distance (FID) and kernel distance (KID), with intervals.',
  category: 'Scores',
  inputs: {
    images: port.images({ help: 'The pictures, usually drawn ones.' }),
    real: port.images({ help: 'What they are compared with, usually real pictures.' }),
    features: port.model('features', {
      help: 'Any network that gives a vector for a picture. Published FID and KID use Inception v3, and compare only with each other.',
    }),
    subsets: port.integer({
      min: 1,
      max: 10000,
      default: 100,
      advanced: true,
      help: 'Random subsets whose mean is the published form of KID.',
    }),
    subsetSize: port.integer({
      min: 2,
      max: 100_000,
      default: 1000,
      advanced: true,
      help: 'Pictures in each subset; at most as many as the smaller set has.',
    }),
    resamples: port.integer({ min: 60, max: 10000, default: 300, advanced: true, help: 'Bootstrap resamples behind each interval.' }),
    seed: port.seed({ help: 'Seed of subsets and resamples.' }),
  },
  outputs: {
    frechet: port.number({ ...anyNumber, help: 'Fréchet distance; 0 for equal sets.' }),
    kernel: port.number({ ...anyNumber, help: 'Kernel distance of all pictures; about 0 for sets of one kind, and then sometimes below.' }),
    summary: port.text({ help: 'Both with their intervals, and KID over subsets.' }),
  },
  effects: 'none',
  output: true,
});
