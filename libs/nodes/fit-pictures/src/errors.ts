// Coded errors of the node that fits pictures.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('FIT_PICTURES', {
  NO_SIDE: () => 'side: expected pixels, or a model whose size is taken, got 0 and no model',
  NONE: (pictures: number, smallest: number) => `images: expected pictures of at least ${smallest} pixels, got none among ${pictures}`,
});
