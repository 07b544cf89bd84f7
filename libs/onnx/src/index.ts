// ONNX graphs written in TypeScript: builder, operators with gradients, differentiation, serialisation.
export { after } from './after.ts';
export * from './build-model.ts';
export * from './builder.ts';
export * from './composite.ts';
export * from './describe-model.ts';
export { grad } from './grad.ts';
export * from './op.ts';
export { adamW, clipByGlobalNorm, type AdamWOptions, type AdamWStep } from './optimiser.ts';
export { decodeModel, encodeModel, type ModelProto } from './proto/messages.ts';
export { readModel } from './read-model.ts';
export type * from './schema.ts';
export * from './source.ts';
export { storedNumbers } from './stored-numbers.ts';
export { stopGradient } from './stop-gradient.ts';
export * from './train-step.ts';
export type * from './value.ts';
