// Coded errors of the sampler.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('SAMPLER', {
  SIZE: (side: string, multiple: number, got: number) => `${side}: expected a multiple of ${multiple} pixels for this model, got ${got}`,
  NO_PROMPTS: () => 'prompts: expected at least one, got none',
  NO_MODELS: () => 'models: expected at least one, got none',
  LABELS: (twice: readonly string[]) =>
    `models: expected a label for each, got ${[...new Set(twice)].join(', ')} more than once; type another into Add model`,
  NO_PICTURES: () => 'images: expected at least one picture to draw over, got none',
  CHANNELS: (model: string, want: number, got: number) =>
    `model ${model}: expected a U-Net with ${want} input channels, got ${got}: an inpainting model repaints pictures, it does not draw new ones`,
});
