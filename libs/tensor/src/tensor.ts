// A dense tensor in memory: element type, dimensions, row-major data.

/** Element types, spelled as onnxruntime spells them. float16 and bfloat16 data are raw 16-bit patterns. */
export type DType = 'float32' | 'float16' | 'bfloat16' | 'float64' | 'int64' | 'int32' | 'int8' | 'uint8' | 'bool';
export type Shape = readonly number[];

export interface DataOf {
  float32: Float32Array;
  float16: Uint16Array;
  bfloat16: Uint16Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  int8: Int8Array;
  uint8: Uint8Array;
  bool: Uint8Array;
}
export type TensorData = DataOf[DType];

/** A row-major tensor; `data.length` is the product of `dims` (1 for a scalar). */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D;
  readonly dims: Shape;
  readonly data: DataOf[D];
}

const bytes: Readonly<Record<DType, number>> = {
  float32: 4,
  float16: 2,
  bfloat16: 2,
  float64: 8,
  int64: 8,
  int32: 4,
  int8: 1,
  uint8: 1,
  bool: 1,
};
/** Bytes of one element. */
export const byteSize = (dtype: DType): number => bytes[dtype];
/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (dims: Shape): number => dims.reduce((a, b) => a * b, 1);

export const float32 = (dims: Shape, data: Float32Array | readonly number[]): Tensor<'float32'> => ({
  dtype: 'float32',
  dims,
  data: data instanceof Float32Array ? data : Float32Array.from(data),
});
export const int64 = (dims: Shape, data: readonly number[]): Tensor<'int64'> => ({
  dtype: 'int64',
  dims,
  data: BigInt64Array.from(data, (v) => BigInt(v)),
});
export const float64 = (dims: Shape, data: Float64Array | readonly number[]): Tensor<'float64'> => ({
  dtype: 'float64',
  dims,
  data: data instanceof Float64Array ? data : Float64Array.from(data),
});
export const scalar = (value: number): Tensor<'float32'> => float32([], [value]);
