// Coded errors of the metric nodes.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('METRICS', {
  NAME: (name: string) => `name: expected one that no metric before it has, got ${name}; type another into name`,
});
