// Values that no operator makes: inputs, parameters and constants.
import { byteSize, sizeOf } from '@facewright/tensor';
import { err } from './op.ts';
import type { DType, ParameterData, Shape, Tensor, Value } from './value.ts';

/** A value fed at every run under `name`. */
export const input = (name: string, dtype: DType, shape: Shape): Value => ({ dtype, shape, source: { kind: 'input', name } });

/**
 * A weight by its checkpoint name. Throws ONNX_PARAMETER when the data is not of the size that dtype and shape say
 * (dtype and dims, for a tensor in memory).
 */
export function parameter(name: string, dtype: DType, shape: Shape, data: ParameterData): Value {
  if (data.kind === 'memory') {
    const { tensor } = data;
    if (tensor.dtype !== dtype || sizeOf(tensor.dims) !== sizeOf(shape) || tensor.data.length !== sizeOf(shape)) {
      throw err.PARAMETER(
        name,
        `${dtype} [${shape.join(', ')}]`,
        `${tensor.dtype} [${tensor.dims.join(', ')}] with ${tensor.data.length} elements`,
      );
    }
  } else {
    const bytes = sizeOf(shape) * byteSize(dtype);
    if (data.length !== bytes || data.offset < 0)
      throw err.PARAMETER(name, `${bytes} bytes for ${dtype} [${shape.join(', ')}]`, `${data.length} at ${data.offset} of ${data.file}`);
  }
  return { dtype, shape, source: { kind: 'parameter', name, data } };
}

/** A tensor that is part of the graph. Throws ONNX_SHAPE when its data does not fill its dims. */
export function constant(tensor: Tensor): Value {
  if (tensor.data.length !== sizeOf(tensor.dims))
    throw err.SHAPE('constant', `${sizeOf(tensor.dims)} elements for [${tensor.dims.join(', ')}]`, `${tensor.data.length}`);
  return { dtype: tensor.dtype, shape: tensor.dims, source: { kind: 'constant', tensor } };
}
