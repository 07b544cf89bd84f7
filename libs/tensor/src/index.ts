// Tensors, half floats, pictures, seeded random numbers and coded errors: what every other library stands on.
export * from './degrade.ts';
export * from './errors.ts';
export * from './image.ts';
export * from './rng.ts';
export * from './session.ts';
export * from './tensor.ts';
export { toFloat32, err as tensorErrors } from './to-float32.ts';
