// Errors of the training library.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('TRAIN', {
  SETTINGS: (subject: string, problems: readonly string[]) =>
    `${subject}: expected settings in their ranges, got ${problems.length} that are not:\n${problems.map((p) => `  ${p}`).join('\n')}`,
  SHAPE: (subject: string, want: string, got: string) => `${subject}: expected ${want}, got ${got}`,
  NOT_FINITE: (what: 'loss' | 'gradient norm', step: number, got: number, cause: string) =>
    `${what} of step ${step}: expected a finite number, got ${got}. Likely cause: ${cause}`,
  TARGETS: (subject: string) => `${subject}: expected at least one weight that the targets name, got none`,
});
