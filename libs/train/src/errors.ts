// Errors of the training library.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('TRAIN', {
  SETTINGS: (subject: string, problems: readonly string[]) =>
    `${subject}: expected settings in their ranges, got ${problems.length} that are not:\n${problems.map((p) => `  ${p}`).join('\n')}`,
  SHAPE: (subject: string, want: string, got: string) => `${subject}: expected ${want}, got ${got}`,
  NOT_FINITE: (step: number, loss: number, rate: number) =>
    `loss of step ${step}: expected a finite number, got ${loss} at a learning rate of ${Number(rate.toPrecision(3))}. Likely cause: the learning rate is too high; try a third of it`,
  TARGETS: (subject: string) => `${subject}: expected at least one weight that the targets name, got none`,
});
