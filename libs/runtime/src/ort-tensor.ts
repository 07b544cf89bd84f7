// Our tensors as onnxruntime's and back, sharing memory wherever the element types allow it.
import type { DType, Tensor, TensorData } from '@facewright/tensor';
import * as ort from 'onnxruntime-node';

/** Element types that onnxruntime-node can feed and fetch; bfloat16 exists inside graphs only. */
export const canCross = (dtype: DType): boolean => dtype !== 'bfloat16';

/** No copy: onnxruntime reads the same memory. float16 bits are reinterpreted, not converted. */
export function toOrt({ dtype, dims, data }: Tensor): ort.Tensor {
  const tensor = new ort.Tensor(dtype as ort.Tensor.Type, data as ort.Tensor.DataType, dims);
  // The constructor wraps the bits in a Float16Array, which the binding of 1.30 takes for empty: it reads `data` and knows Uint16Array only.
  if (dtype === 'float16') Object.defineProperty(tensor, 'data', { value: data });
  return tensor;
}

/** No copy. onnxruntime gives float16 as Float16Array where JavaScript has one; ours is always the bits. */
export function fromOrt(tensor: ort.Tensor, dtype: DType): Tensor {
  const { buffer, byteOffset, length } = tensor.data as Exclude<ort.Tensor.DataType, string[]>;
  const data = dtype === 'float16' ? new Uint16Array(buffer, byteOffset, length) : (tensor.data as TensorData);
  return { dtype, dims: tensor.dims, data } as Tensor;
}
