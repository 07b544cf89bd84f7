// Coded errors of the face score node.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('FACE_SCORE', {
  NOTHING: () => 'faces, images: expected a link to one of them, got none',
  BOTH: () => 'faces, images: expected a link to one of them, got both: the faces already say which pictures they are in',
});
