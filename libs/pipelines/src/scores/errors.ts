// Coded errors of scores.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('SCORES', {
  NOTHING: () => 'faces, images: expected a link to one of them, got none',
  BOTH: () => 'faces, images: expected a link to one of them, got both: the faces already say which pictures they are in',
  VOCABULARY: (where: string, got: number) => `${where}: expected the vocabulary of bert-base-uncased, got ${got} other pieces`,
  KIND: (got: string, known: readonly string[]) => `metric: expected one of ${known.join(', ')}, got ${got}`,
  NAMES: (twice: readonly string[]) =>
    `metrics: expected a name for each, got ${[...new Set(twice)].join(', ')} more than once; give one of them another name`,
  FIT: (subject: string, want: string, got: string) => `${subject}: expected ${want}, got ${got}`,
});
