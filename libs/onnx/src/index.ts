// ONNX graphs written in TypeScript: builder, operators with gradients, differentiation, serialisation.
export * from './build-model.ts';
export * from './builder.ts';
export * from './composite.ts';
export * from './op.ts';
export type * from './schema.ts';
export * from './source.ts';
export type * from './value.ts';
