// The smallest ONNX graph: y = Identity(x), of any shape. It probes a provider, and it is how a tensor comes back from a device.
import type { DType } from '@facewright/tensor';

/** TensorProto.DataType of the element types that can live in a device buffer. */
const elementTypes: Partial<Record<DType, number>> = { float32: 1, uint8: 2, int32: 6, int64: 7, bool: 9, float16: 10 };

/** Element types whose state stays on the device between runs; the rest is copied through memory. */
export const staysOnDevice = (dtype: DType): boolean => elementTypes[dtype] !== undefined;

const field = (number: number, payload: readonly number[]) => [(number << 3) | 2, payload.length, ...payload];
const text = (value: string) => [...Buffer.from(value)];

/** ModelProto by hand (every length is below 128): ir_version 10, opset 21, input x and output y without a shape. */
export function identityGraph(dtype: DType): Uint8Array {
  const info = (name: string) => [...field(1, text(name)), ...field(2, field(1, [0x08, elementTypes[dtype]!]))];
  const node = [...field(1, text('x')), ...field(2, text('y')), ...field(4, text('Identity'))];
  const graph = [...field(1, node), ...field(2, text('g')), ...field(11, info('x')), ...field(12, info('y'))];
  return Uint8Array.from([0x08, 10, ...field(7, graph), ...field(8, [0x10, 21])]);
}
