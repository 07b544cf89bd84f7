// Coded errors of the nodes that put an experiment together.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('EXPERIMENT', {
  LABEL: (label: string) => `label: expected one that the list does not have, got ${label === '' ? 'an empty one' : label}`,
  NO_VARIANT: (label: string, labels: readonly string[]) =>
    `label: expected one of ${labels.join(', ') || 'no variants'}, got ${label || 'none'}`,
  NO_PICTURES: (label: string) => `images of ${label}: expected at least one, got none`,
});
