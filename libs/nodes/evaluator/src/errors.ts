// Coded errors of the evaluators.
import { defineErrors, listed } from '@facewright/tensor';

export const err = defineErrors('EVALUATOR', {
  NO_PAIRS: (base: number, of: string, other: string, count: number) =>
    `${other}: expected pictures with the same prompts and seeds as the ${base} of ${of}, got ${count} with none in common`,
  TOO_FEW: (what: string, want: number, got: number) => `${what}: expected at least ${want} pictures, got ${got}`,
  DUPLICATE: (what: string, keys: readonly string[]) =>
    `${what}: expected one picture for each prompt and seed, got several for ${listed(keys, 20)}`,
  NO_BASE: (want: string, labels: readonly string[]) => `base: expected one of ${labels.join(', ')}, got ${want}`,
  LABELS: (twice: readonly string[]) => `variants: expected a label for each, got ${[...new Set(twice)].join(', ')} more than once`,
  NO_REAL: (metrics: readonly string[]) =>
    `real: expected real pictures, which ${metrics.join(' and ')} ${metrics.length > 1 ? 'compare' : 'compares'} with, got none`,
});
