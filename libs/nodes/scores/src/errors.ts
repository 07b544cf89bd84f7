// Coded errors of the loaders of scorers.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('SCORER', {
  MISSING: (path: string, want: string, got: string, pull: string) =>
    `${path}: expected ${want}, got ${got}; facewright models pull ${pull} downloads it into the models folder`,
  SCRIPT: (path: string) =>
    `${path}: expected saved weights, got a TorchScript program, as OpenAI publishes CLIP; take the same weights as safetensors (facewright models pull clip)`,
});
