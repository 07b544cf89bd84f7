// Widens the floating types that weight files use to float32.
import { defineErrors } from './errors.ts';
import type { Tensor } from './tensor.ts';

export const err = defineErrors('TENSOR', {
  NOT_FLOAT: (name: string, got: string) => `${name}: expected a floating element type, got ${got}`,
});

/** The same values as float32 (a float64 loses precision); float32 itself is returned as it is. Throws TENSOR_NOT_FLOAT naming `name`. */
export function toFloat32(name: string, tensor: Tensor): Tensor<'float32'> {
  const { dims } = tensor;
  switch (tensor.dtype) {
    case 'float32':
      return tensor as Tensor<'float32'>;
    case 'float64':
      return { dtype: 'float32', dims, data: Float32Array.from(tensor.data as Float64Array) };
    case 'float16': {
      const { buffer, byteOffset, length } = tensor.data as Uint16Array<ArrayBuffer>;
      return { dtype: 'float32', dims, data: Float32Array.from(new Float16Array(buffer, byteOffset, length)) };
    }
    case 'bfloat16':
      // bfloat16 is the upper half of a float32.
      return { dtype: 'float32', dims, data: new Float32Array(Uint32Array.from(tensor.data as Uint16Array, (bits) => bits << 16).buffer) };
    case 'int64':
    case 'int32':
    case 'int8':
    case 'uint8':
    case 'bool':
      throw err.NOT_FLOAT(name, tensor.dtype);
  }
}
