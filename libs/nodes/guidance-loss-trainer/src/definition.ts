// GuidanceLossTrainer: ports of the node, safe in a browser.
import { defineNode, port } from '@facewright/core';

export const definition = defineNode({
  type: 'facewright/guidance-loss-trainer',
  version: 1,
  title: 'Guidance loss trainer',
  summary: 'Fine-tunes a diffusion model so that the denoising of a bad face moves toward that of the good one (arXiv 2406.17100).',
  category: 'Training',
  inputs: {
    model: port.model('diffusion', { help: 'The model to fine-tune; it also is the frozen guide.' }),
    pairs: port.pairs({ help: 'Good and bad pictures of the same scene.' }),
    steps: port.integer({ min: 1, max: 1_000_000, default: 250, help: 'Optimiser steps.' }),
    batch: port.integer({ min: 1, max: 512, default: 16, help: 'Pairs in each step.' }),
    learningRate: port.number({
      min: 0,
      max: 1,
      default: 1e-4,
      help: 'Highest learning rate; warms up over 20 steps, then falls linearly to a tenth.',
    }),
    guidanceWeight: port.number({
      min: 0,
      max: 1000,
      default: 1,
      help: 'Weight of the guidance loss: the l2 distance between the clean latents that the tuned model predicts from the bad picture and the frozen model from the good one. 0 leaves it out.',
    }),
    diffusionWeight: port.number({
      min: 0,
      max: 1000,
      default: 1,
      help: 'Weight of the plain diffusion loss on the good picture. With guidance weight 0 this is plain fine-tuning.',
    }),
    tMin: port.integer({
      min: 0,
      max: 999,
      default: 400,
      help: 'First timestep the guidance loss is drawn from. Low timesteps blur faces.',
    }),
    tMax: port.integer({ min: 1, max: 1000, default: 1000, help: 'Timestep the guidance loss stays below.' }),
    snrWeighting: port.choice(['none', 'snr', 'min-snr'], {
      default: 'min-snr',
      help: 'How the guidance loss weighs timesteps by their signal-to-noise ratio.',
    }),
    snrGamma: port.number({ min: 0.01, max: 1000, default: 5, help: 'Cap of the signal-to-noise ratio for min-snr.' }),
    mode: port.choice(['full', 'lora'], {
      default: 'full',
      help: 'Train every weight of the U-Net, or low-rank additions to its attention.',
    }),
    rank: port.integer({ min: 1, max: 512, default: 8, help: 'Rank of the low-rank additions; only for lora.' }),
    seed: port.seed({ help: 'Seed of pairs, noise and timesteps.' }),
  },
  outputs: { model: port.model('diffusion'), training: port.training() },
  effects: 'none',
});
