// Coded errors of the GuidanceLossTrainer.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('GUIDANCE', {
  NO_PAIRS: () => 'pairs: expected at least one pair, got none',
  SIZE: (key: string, want: string, got: string) => `pair ${key}: expected pictures of ${want}, as the first pair has, got ${got}`,
  TIMES: (min: number, max: number) => `tMin, tMax: expected tMin below tMax, got ${min} and ${max}`,
  PREDICTION: (got: string) => `model: expected one that predicts noise (epsilon), got ${got}`,
  ARCHITECTURE: (model: string) =>
    `model ${model}: expected a U-Net that is told text and time alone, got one that takes sizes as well, as Stable Diffusion XL`,
  CHANNELS: (want: number, got: number) => `model: expected a U-Net that reads ${want} latent channels alone, got ${got} input channels`,
});
