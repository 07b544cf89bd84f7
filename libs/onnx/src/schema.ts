// Every operator that can be built, with its attributes as ONNX names them (opset 21 for ai.onnx). Types only: builder, rules and tables are all typed from here.
import type { DType } from '@facewright/tensor';

type None = Record<never, never>;
/** Spatial attributes of convolution and pooling; pads are [top, left, bottom, right]. */
interface Spatial {
  readonly strides?: readonly [number, number];
  readonly pads?: readonly [number, number, number, number];
  readonly dilations?: readonly [number, number];
}
interface Reduce {
  readonly axes: readonly number[];
  /** Default true, as the shapes of cotangents need it. */
  readonly keepdims?: boolean;
}

export interface OpAttrs {
  // elementwise, broadcasting
  Add: None;
  Sub: None;
  Mul: None;
  Div: None;
  Pow: None;
  Max: None;
  Min: None;
  Neg: None;
  Exp: None;
  Log: None;
  Sqrt: None;
  Abs: None;
  Sign: None;
  Reciprocal: None;
  Erf: None;
  Tanh: None;
  Sigmoid: None;
  Softplus: None;
  Relu: None;
  LeakyRelu: { readonly alpha: number };
  Sin: None;
  Cos: None;
  Floor: None;
  Gelu: { readonly approximate?: 'none' | 'tanh' };
  Clip: { readonly min: number; readonly max: number };
  Where: None;
  Equal: None;
  Greater: None;
  Less: None;
  Not: None;
  And: None;
  Cast: { readonly to: DType };
  Identity: None;
  // reductions
  ReduceSum: Reduce;
  ReduceMean: Reduce;
  ReduceMax: Reduce;
  ArgMax: { readonly axis: number; readonly keepdims?: boolean };
  Softmax: { readonly axis: number };
  LogSoftmax: { readonly axis: number };
  // shape
  Reshape: { readonly shape: readonly number[] };
  Transpose: { readonly perm: readonly number[] };
  Expand: { readonly shape: readonly number[] };
  Concat: { readonly axis: number };
  Slice: {
    readonly starts: readonly number[];
    readonly ends: readonly number[];
    readonly axes: readonly number[];
    readonly steps?: readonly number[];
  };
  Split: { readonly axis: number; readonly split: readonly number[] };
  Pad: { readonly pads: readonly number[]; readonly mode?: 'constant' | 'reflect' | 'edge'; readonly value?: number };
  Unsqueeze: { readonly axes: readonly number[] };
  Squeeze: { readonly axes: readonly number[] };
  Gather: { readonly axis: number };
  /** One element per index, along an axis; indices and result have one shape. */
  GatherElements: { readonly axis: number };
  /** Adds updates into data at indices of their shape. Not ScatterND: onnxruntime's CPU kernel of that adds in parallel, and repeated indices lose updates. */
  ScatterElements: { readonly axis: number; readonly reduction: 'add' };
  // linear algebra
  MatMul: None;
  Gemm: { readonly transA?: boolean; readonly transB?: boolean; readonly alpha?: number; readonly beta?: number };
  // convolution and sampling
  Conv: Spatial & { readonly group?: number };
  ConvTranspose: Spatial & { readonly group?: number; readonly output_padding?: readonly [number, number] };
  AveragePool: Spatial & { readonly kernel_shape: readonly [number, number] };
  MaxPool: Spatial & { readonly kernel_shape: readonly [number, number] };
  /** Nearest ('asymmetric', floor) or linear ('half_pixel') resize of [n, c, h, w] to sizes [h, w]. */
  Resize: { readonly sizes: readonly [number, number]; readonly mode: 'nearest' | 'linear' };
  // normalisation
  LayerNormalization: { readonly axis: number; readonly epsilon: number };
  InstanceNormalization: { readonly epsilon: number };
  // com.microsoft, fused
  /** x * sigmoid(alpha * x): SiLU for alpha 1, CLIP's QuickGELU for 1.702. */
  QuickGelu: { readonly alpha: number };
  // com.microsoft, fused, inference only
  MultiHeadAttention: { readonly num_heads: number; readonly scale?: number };
}
export type OpName = keyof OpAttrs;
