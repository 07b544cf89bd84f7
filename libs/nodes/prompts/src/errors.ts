// Coded errors of the prompts node.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('PROMPTS', {
  EMPTY: () => 'text: expected at least one prompt, got only empty lines',
});
