// Weight files: safetensors read in place and written whole, and LoRA files.
export { err as weightErrors } from './errors.ts';
export * from './safetensors/read.ts';
export * from './safetensors/write.ts';
