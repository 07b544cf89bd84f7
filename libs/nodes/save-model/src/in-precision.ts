// Tensors in the element type that a file is to have.
import { sizeOf, toFloat32 } from '@facewright/tensor';
import type { Shape, Tensor } from '@facewright/tensor';
import { tensorOf, type WrittenTensor } from '@facewright/weights';

export type FilePrecision = 'as it is' | 'float16' | 'float32';

const floats: ReadonlySet<string> = new Set(['float32', 'float16', 'bfloat16', 'float64']);

/** Floating numbers in another element type, computed when they are written; whole numbers stay. Beyond the range of float16 they become its largest numbers. */
export function inPrecision(name: string, tensor: WrittenTensor, precision: FilePrecision): WrittenTensor {
  if (precision === 'as it is' || precision === tensor.dtype || !floats.has(tensor.dtype)) return tensor;
  const shape: Shape = 'kind' in tensor ? tensor.shape : tensor.dims;
  return {
    kind: 'computed',
    dtype: precision,
    shape,
    compute: async () => {
      const { data } = toFloat32(name, await tensorOf(name, tensor));
      return precision === 'float32' ? { dtype: 'float32', dims: shape, data } : { dtype: 'float16', dims: shape, data: halves(data) };
    },
  };
}

const largest = 65504;
function halves(data: Float32Array): Uint16Array {
  const half = new Float16Array(data.length);
  for (let i = 0; i < data.length; i++) half[i] = Math.abs(data[i]!) > largest ? Math.sign(data[i]!) * largest : data[i]!;
  return new Uint16Array(half.buffer);
}

/** The same numbers in another shape of as many elements. */
export function reshaped(tensor: WrittenTensor, shape: Shape): WrittenTensor {
  if (!('kind' in tensor)) return { ...tensor, dims: shape } as Tensor;
  if (tensor.kind !== 'computed') return { ...tensor, shape };
  return { ...tensor, shape, compute: async () => ({ ...(await tensor.compute()), dims: shape }) as Tensor };
}

/** [rows, columns] as [columns, rows], in float32. */
export function transposed(name: string, tensor: WrittenTensor, [rows = 0, columns = 0]: Shape): WrittenTensor {
  return {
    kind: 'computed',
    dtype: 'float32',
    shape: [columns, rows],
    compute: async () => {
      const { data } = toFloat32(name, await tensorOf(name, tensor));
      const turned = new Float32Array(rows * columns);
      for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) turned[c * rows + r] = data[r * columns + c]!;
      return { dtype: 'float32', dims: [columns, rows], data: turned };
    },
  };
}

/** Tensors of equal width, the rows of one after those of the other, in float32. */
export function rowsJoined(name: string, tensors: readonly WrittenTensor[], shape: Shape): WrittenTensor {
  return {
    kind: 'computed',
    dtype: 'float32',
    shape,
    compute: async () => {
      const data = new Float32Array(sizeOf(shape));
      let at = 0;
      for (const tensor of tensors) {
        const part = toFloat32(name, await tensorOf(name, tensor)).data;
        data.set(part, at);
        at += part.length;
      }
      return { dtype: 'float32', dims: shape, data };
    },
  };
}
