// Errors of reading and writing weight files.
import { defineErrors } from '@facewright/tensor';

const lines = (problems: readonly string[]) => problems.map((p) => `\n  ${p}`).join('');

export const err = defineErrors('WEIGHTS', {
  SAFETENSORS: (file: string, problems: readonly string[]) =>
    `${file}: expected a safetensors file, got ${problems.length} problem(s):${lines(problems)}`,
  UNREADABLE: (file: string, why: string) => `${file}: expected a readable file, got ${why}`,
  UNWRITABLE: (file: string, why: string) => `${file}: expected to write a file, got ${why}`,
  TENSOR: (name: string, want: string, got: string) => `tensor ${name}: expected ${want}, got ${got}`,
  LORA: (file: string, problems: readonly string[]) =>
    `${file}: expected a LoRA file for this model, got ${problems.length} problem(s):${lines(problems)}`,
});

/** What the operating system said, in short. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
