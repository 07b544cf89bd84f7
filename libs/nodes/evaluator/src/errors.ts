// Coded errors of the Evaluator.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('EVALUATOR', {
  NO_PAIRS: (base: number, other: string, count: number) =>
    `${other}: expected pictures with the same prompts and seeds as the ${base} of base, got ${count} with none in common`,
  TOO_FEW: (what: string, want: number, got: number) => `${what}: expected at least ${want} pictures, got ${got}`,
  DUPLICATE: (what: string, key: string) => `${what}: expected one picture for each prompt and seed, got two for ${key}`,
});
