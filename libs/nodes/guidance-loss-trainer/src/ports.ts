// Ports that every node that trains a diffusion model has, safe in a browser.
import { port } from '@facewright/core';
import { recomputePort } from '@facewright/pipelines/training-ports';
import type { AskedPrecision } from '@facewright/pipelines';
import type { Recompute } from '@facewright/train';

/** What is trained and how; `learningRate` and `mode` are defaults. */
export const trainingPorts = ({ learningRate, mode }: { readonly learningRate: number; readonly mode: 'full' | 'lora' }) => ({
  learningRate: port.number({
    min: 0,
    max: 1,
    default: learningRate,
    help: 'Highest learning rate: reached after the warm-up, then falling as the schedule says.',
  }),
  mode: port.choice(['full', 'lora'], {
    default: mode,
    help: 'Train every weight of the U-Net, or low-rank additions to some of them (LoRA).',
  }),
  rank: port.integer({ min: 1, max: 512, default: 8, help: 'Rank of the low-rank additions; only for lora.' }),
  alpha: port.number({
    min: 0,
    max: 512,
    default: 0,
    advanced: true,
    help: 'The additions count alpha / rank; 0 takes the rank, so that they count whole. Only for lora.',
  }),
  targets: port.choice(['attention', 'attention and feed-forward', 'all'], {
    default: 'attention',
    advanced: true,
    help: 'Which weights get additions; all are those of every linear layer and convolution. Only for lora.',
  }),
  warmUp: port.integer({
    min: 0,
    max: 100_000,
    default: 20,
    advanced: true,
    help: 'Steps over which the learning rate rises to its highest.',
  }),
  schedule: port.choice(['linear', 'cosine', 'constant'], {
    default: 'linear',
    advanced: true,
    help: 'How the learning rate falls after the warm-up.',
  }),
  finalRate: port.number({
    min: 0,
    max: 1,
    default: 0.1,
    advanced: true,
    help: 'Share of the highest learning rate that is left at the end; not for constant.',
  }),
  weightDecay: port.number({
    min: 0,
    max: 1,
    default: 0.01,
    advanced: true,
    help: 'Weights shrink by learning rate times this at every step (AdamW).',
  }),
  maxGradientNorm: port.number({
    min: 0,
    max: 1e6,
    default: 1,
    advanced: true,
    help: 'Gradients are scaled down to this common norm; 0 leaves them as they are.',
  }),
  accumulate: port.integer({
    min: 1,
    max: 4096,
    default: 1,
    advanced: true,
    help: 'Batches whose gradients are averaged for one step: a larger batch in the same memory.',
  }),
  emaDecay: port.number({
    min: 0,
    max: 0.99999,
    default: 0,
    advanced: true,
    help: 'Gives the moving average of the weights with this decay instead of the last ones; 0 keeps none. 0.999 is usual for thousands of steps.',
  }),
  previewPrompt: port.text({
    default: '',
    help: 'Draws this with the model as it is, 20 times over the training. Empty shows what the model sees behind a noisy picture of the batch.',
  }),
  extend: port.boolean({
    default: false,
    advanced: true,
    help: 'Goes on from what is kept of a training with fewer steps and otherwise the same settings, even where its learning rates were others than those of one long training. Off, only where they were the same, as with a constant schedule.',
  }),
  recompute: recomputePort,
  precision: port.choice(['auto', 'float32', 'float16'], {
    default: 'auto',
    advanced: true,
    help: 'Numbers that the U-Net computes in. float16 takes half the memory between the passes; weights, optimiser and loss stay float32. Auto takes it on a GPU that was seen to compute it well, and float32 otherwise.',
  }),
  seed: port.seed({ help: 'Seed of pictures, noise and timesteps.' }),
});

/** The part of a node's inputs that `trainingPorts` and `stepPorts` declare. */
export interface TrainingSettings {
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly mode: 'full' | 'lora';
  readonly rank: number;
  readonly alpha: number;
  readonly targets: 'attention' | 'attention and feed-forward' | 'all';
  readonly warmUp: number;
  readonly schedule: 'linear' | 'cosine' | 'constant';
  readonly finalRate: number;
  readonly weightDecay: number;
  readonly maxGradientNorm: number;
  readonly accumulate: number;
  readonly emaDecay: number;
  readonly previewPrompt: string;
  readonly extend: boolean;
  readonly recompute: Recompute;
  readonly precision: AskedPrecision;
  readonly seed: number;
}

/** How long, and how much at once; `steps` and `batch` are defaults. */
export const stepPorts = ({ steps, batch, what }: { readonly steps: number; readonly batch: number; readonly what: string }) => ({
  steps: port.integer({ min: 1, max: 1_000_000, default: steps, help: 'Optimiser steps.' }),
  batch: port.integer({ min: 1, max: 512, default: batch, help: `${what} in each step.` }),
});

/** Timesteps that a loss is drawn from; `from` is a default. */
export const timePorts = ({ from, loss, why = '' }: { readonly from: number; readonly loss: string; readonly why?: string }) => ({
  tMin: port.integer({ min: 0, max: 999, default: from, help: `First timestep the ${loss} is drawn from.${why}` }),
  tMax: port.integer({ min: 1, max: 1000, default: 1000, help: `Timestep the ${loss} stays below.` }),
});
