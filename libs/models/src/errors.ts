// Errors of the model library.
import { defineErrors } from '@facewright/tensor';

export const err = defineErrors('MODELS', {
  CONFIG: (architecture: string, problems: readonly string[]) =>
    `${architecture} config: expected values that this architecture supports, got ${problems.length} it does not:\n${problems.map((p) => `  ${p}`).join('\n')}`,
  WEIGHTS: (file: string, problems: readonly string[], count = problems.length) =>
    `${file}: expected the parameters of the model, got ${count} that differ:\n${problems.map((p) => `  ${p}`).join('\n')}`,
  UNBOUND: (name: string) => `parameter ${name}: expected a module that was bound, got a parameter of another module`,
  INPUT: (subject: string, want: string, got: string) => `${subject}: expected ${want}, got ${got}`,
});
