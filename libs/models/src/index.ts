// Model architectures that write ONNX graphs, with their tokenizers and noise schedules.
export * from './autoencoder-kl/autoencoder-kl.ts';
export * from './autoencoder-kl/config.ts';
export * from './clip-text/clip-text.ts';
export * from './clip-text/config.ts';
export type { Json } from './config.ts';
export { err as modelErrors } from './errors.ts';
export * from './graphs.ts';
export * from './nn/binding.ts';
export * from './nn/compare.ts';
export * from './nn/layers.ts';
export * from './nn/module.ts';
export * from './nn/weight-sources.ts';
export * from './schedules/noise-schedule.ts';
export * from './schedules/sampler.ts';
export * from './single-file/single-file.ts';
export * from './unet-2d-condition/config.ts';
export * from './unet-2d-condition/unet-2d-condition.ts';
