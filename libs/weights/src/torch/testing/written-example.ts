// Tensors of every element type that a .pt file is written with, for the spec and for tools/reference/torch_written.py.
import type { Tensor } from '@facewright/tensor';

export const writtenExample: ReadonlyMap<string, Tensor> = new Map<string, Tensor>([
  ['layer.weight', { dtype: 'float32', dims: [3, 4], data: Float32Array.from({ length: 12 }, (_, i) => Math.sin(i) / 3) }],
  ['layer.bias', { dtype: 'float32', dims: [3], data: Float32Array.of(-0, 1e-30, 3.4e38) }],
  ['half', { dtype: 'float16', dims: [2, 1, 2], data: Uint16Array.of(0x3c00, 0xc000, 0x7bff, 0x0001) }],
  ['bfloat', { dtype: 'bfloat16', dims: [2], data: Uint16Array.of(0x3f80, 0xc2f7) }],
  ['double', { dtype: 'float64', dims: [1], data: Float64Array.of(Math.PI) }],
  ['embeddings.position_ids', { dtype: 'int64', dims: [1, 5], data: BigInt64Array.of(0n, 1n, 2n, -3n, 2n ** 62n) }],
  ['int', { dtype: 'int32', dims: [2], data: Int32Array.of(-7, 2 ** 31 - 1) }],
  ['byte', { dtype: 'uint8', dims: [2], data: Uint8Array.of(0, 255) }],
  ['truth', { dtype: 'bool', dims: [2], data: Uint8Array.of(1, 0) }],
  ['scalar', { dtype: 'float32', dims: [], data: Float32Array.of(4.6052) }],
  ['empty', { dtype: 'float32', dims: [0, 3], data: new Float32Array() }],
  ['name with ünicode', { dtype: 'float32', dims: [1], data: Float32Array.of(1) }],
]);
