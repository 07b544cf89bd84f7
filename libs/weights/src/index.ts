// Weight files: safetensors read in place and written whole, and LoRA files.
export { err as weightErrors } from './errors.ts';
export * from './lora/read-lora.ts';
export * from './lora/write-lora.ts';
export * from './safetensors/read.ts';
export * from './safetensors/write.ts';
