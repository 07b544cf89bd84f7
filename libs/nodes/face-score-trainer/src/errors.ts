// Coded errors of the FaceScoreTrainer.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('FACE_SCORE_TRAINER', {
  NO_FACES: (pairs: number) => `pairs: expected pairs with a face to crop, got ${pairs} pairs and no box inside a picture`,
  FEW: (want: number, got: number) => `pairs: expected at least ${want} faces, so that some can be kept for validation, got ${got}`,
  PATIENCE: (share: number) => `patience: expected pairs kept out of training to watch, got a validation share of ${share} that keeps none`,
});
