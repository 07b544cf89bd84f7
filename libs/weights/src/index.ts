// Weight files: safetensors and PyTorch files read in place, safetensors written whole, LoRA and textual inversion files.
export { err as weightErrors } from './errors.ts';
export * from './embedding/read-embedding.ts';
export * from './lora/kohya-lora.ts';
export * from './lora/read-lora.ts';
export * from './lora/lora-content.ts';
export * from './open-tensor-file.ts';
export * from './safetensors/read.ts';
export * from './safetensors/write.ts';
export { readTensors, type FileTensor, type MemoryTensor, type StoredTensor } from './stored-tensor.ts';
export { shapeOf, tensorOf, type ComputedTensor, type WrittenTensor } from './written-tensor.ts';
export * from './torch/write-torch.ts';
