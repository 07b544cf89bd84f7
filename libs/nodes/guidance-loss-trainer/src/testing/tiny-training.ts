// What specs of the trainers have in common: short settings, pictures, and the curve of a training.
import type { NodeContext, Training } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import type { TrainingSettings } from '../ports.ts';

/** The ports' defaults, but for a few steps on a tiny model. */
export const tinyTraining: TrainingSettings = {
  steps: 6,
  batch: 2,
  learningRate: 1e-3,
  mode: 'full',
  rank: 2,
  alpha: 0,
  targets: 'attention',
  warmUp: 20,
  schedule: 'linear',
  finalRate: 0.1,
  weightDecay: 0.01,
  maxGradientNorm: 1,
  accumulate: 1,
  emaDecay: 0,
  previewPrompt: '',
  extend: false,
  recompute: 'auto',
  precision: 'auto',
  seed: 3,
};

/** 16 x 16 pixels, other ones for each seed. */
export const tinyPicture = (seed: number): ImageBuffer => ({
  width: 16,
  height: 16,
  channels: 3,
  data: Uint8Array.from({ length: 768 }, (_, i) => (i * 7 + seed * 31) % 256),
});

/** Every point of the curve, in order. */
export const curveOf = async (training: Training, { assets }: Pick<NodeContext, 'assets'>) =>
  new TextDecoder()
    .decode(await assets.read(training.metrics))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { readonly name: string; readonly step: number; readonly value: number });
