// Coded errors of the loaders.
import { defineErrors, onLines } from '@facewright/tensor';

export const err = defineErrors('LOADER', {
  MISSING: (path: string, want: string, problems: readonly string[]) =>
    `${path}: expected ${want}, got a folder without${onLines(problems)}`,
  NOT_FOUND: (path: string, want: string) =>
    `${path}: expected ${want}, got nothing at this path (relative paths begin at the working directory or a models folder)`,
  KIND: (path: string, want: string, got: string) => `${path}: expected ${want}, got ${got}`,
  NO_PART: (path: string, part: string, remedy: string) => `${path}: expected a whole checkpoint, got one without ${part}: ${remedy}`,
  JSON: (path: string, why: string) => `${path}: expected a JSON object, got ${why}`,
  MODEL: (path: string, problems: readonly string[]) =>
    `${path}: expected a model that fits its configuration, got ${problems.length} component(s) that do not:${onLines(problems)}`,
});
