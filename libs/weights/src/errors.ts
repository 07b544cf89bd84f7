// Errors of reading and writing weight files.
import { defineErrors, listed, onLines } from '@facewright/tensor';

export const err = defineErrors('WEIGHTS', {
  SAFETENSORS: (file: string, problems: readonly string[]) =>
    `${file}: expected a safetensors file, got ${problems.length} problem(s):${onLines(problems)}`,
  FORMAT: (file: string, got: string) => `${file}: expected a safetensors file or one that PyTorch saved, got ${got}`,
  TORCH: (file: string, problems: readonly string[]) =>
    `${file}: expected a file that PyTorch saved, got ${problems.length} problem(s):${onLines(problems)}`,
  PICKLE: (file: string, names: readonly string[]) =>
    `${file}: expected a pickle of nothing but tensors and plain data, got one that asks for ${listed(names, 5)}; nothing was run`,
  EMBEDDING: (file: string, want: string, got: string) => `${file}: expected ${want}, got ${got}`,
  UNREADABLE: (file: string, why: string) => `${file}: expected a readable file, got ${why}`,
  UNWRITABLE: (file: string, why: string) => `${file}: expected to write a file, got ${why}`,
  TENSOR: (name: string, want: string, got: string) => `tensor ${name}: expected ${want}, got ${got}`,
  LORA: (file: string, problems: readonly string[]) =>
    `${file}: expected a LoRA file for this model, got ${problems.length} problem(s):${onLines(problems)}`,
});

/** What the operating system said, in short. */
export const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));
