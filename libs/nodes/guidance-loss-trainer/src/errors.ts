// Coded errors of the GuidanceLossTrainer.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('GUIDANCE', {
  NO_PAIRS: () => 'pairs: expected at least one pair, got none',
  SIZE: (key: string, want: string, got: string) => `pair ${key}: expected pictures of ${want}, as the first pair has, got ${got}`,
  TIMES: (min: number, max: number) => `tMin, tMax: expected tMin below tMax, got ${min} and ${max}`,
  PREDICTION: (got: string) => `model: expected one that predicts noise (epsilon), got ${got}`,
  CHANNELS: (want: number, got: number) => `model: expected a U-Net that reads ${want} latent channels alone, got ${got} input channels`,
});
