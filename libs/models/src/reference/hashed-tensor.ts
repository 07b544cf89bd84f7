// Deterministic stand-ins for weights and inputs, the same as tools/reference/common.py makes them, so that fixtures hold outputs only.
import { sizeOf, type Shape, type Tensor } from '@facewright/tensor';
import type { Module } from '../nn/module.ts';

/** Values in [-1, 1): murmur3's finaliser over FNV-1a of the name and the index. */
export function hashed(name: string, count: number): Float64Array {
  const seed = [...new TextEncoder().encode(name)].reduce((h, byte) => Math.imul(h ^ byte, 0x01000193), 0x811c9dc5 | 0);
  return Float64Array.from({ length: count }, (_, i) => {
    let x = (seed + Math.imul(i, 0x9e3779b9)) | 0;
    x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 31 - 1;
  });
}

export const hashedTensor = (name: string, dims: Shape): Tensor<'float32'> => ({
  dtype: 'float32',
  dims,
  data: Float32Array.from(hashed(name, sizeOf(dims))),
});

/** Matrices within 1.7/sqrt(fan in), scales of norms about 1, everything else small. */
export function hashedWeight(name: string, dims: Shape): Tensor<'float32'> {
  const values = hashed(name, sizeOf(dims));
  const [scale, shift] = dims.length >= 2 ? [1.7 / Math.sqrt(sizeOf(dims.slice(1))), 0] : [0.2, name.endsWith('.weight') ? 1 : 0];
  return { dtype: 'float32', dims, data: Float32Array.from(values, (v) => v * scale + shift) };
}

/** Weights for every parameter. */
export const hashedWeights = (module: Module): Map<string, Tensor<'float32'>> =>
  new Map([...module.parameters()].map(([name, { shape }]) => [name, hashedWeight(name, shape)]));
