// ONNX graphs written in TypeScript: builder, operators with gradients, differentiation, serialisation.
export * from './op.ts';
export type * from './schema.ts';
export type * from './value.ts';
