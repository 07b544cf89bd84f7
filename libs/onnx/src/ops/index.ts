// The table of all operators. A name of the schema that is missing here does not compile.
import type { Op } from '../op.ts';
import type { OpAttrs, OpName } from '../schema.ts';
import { Add, And, Div, Equal, Greater, Less, Max, Min, Mul, Pow, Sub, Where } from './arithmetic.ts';
import { MultiHeadAttention } from './attention.ts';
import { Conv, ConvTranspose } from './convolution.ts';
import {
  Abs,
  Cast,
  Clip,
  Cos,
  Erf,
  Exp,
  Floor,
  Gelu,
  Identity,
  LeakyRelu,
  Log,
  Neg,
  Not,
  QuickGelu,
  Reciprocal,
  Relu,
  Sigmoid,
  Sign,
  Sin,
  Softplus,
  Sqrt,
  Tanh,
} from './elementwise.ts';
import {
  Concat,
  Expand,
  Gather,
  GatherElements,
  Pad,
  Reshape,
  ScatterElements,
  Slice,
  Split,
  Squeeze,
  Transpose,
  Unsqueeze,
} from './layout.ts';
import { Gemm, MatMul } from './linear-algebra.ts';
import { InstanceNormalization, LayerNormalization } from './normalisation.ts';
import { ArgMax, LogSoftmax, ReduceMax, ReduceMean, ReduceSum, Softmax } from './reduction.ts';
import { AveragePool, MaxPool, Resize } from './sampling.ts';

// prettier-ignore
export const ops: { readonly [K in OpName]: Op<OpAttrs[K]> } = {
  Add, Sub, Mul, Div, Pow, Max, Min, Equal, Greater, Less, And, Where,
  Neg, Exp, Log, Sqrt, Abs, Sign, Reciprocal, Erf, Tanh, Sigmoid, Softplus, Relu, LeakyRelu, Sin, Cos, Floor, Gelu, QuickGelu, Clip, Not, Cast, Identity,
  ReduceSum, ReduceMean, ReduceMax, ArgMax, Softmax, LogSoftmax,
  Reshape, Transpose, Expand, Concat, Slice, Split, Pad, Unsqueeze, Squeeze, Gather, GatherElements, ScatterElements,
  MatMul, Gemm, Conv, ConvTranspose, AveragePool, MaxPool, Resize,
  LayerNormalization, InstanceNormalization, MultiHeadAttention,
};
