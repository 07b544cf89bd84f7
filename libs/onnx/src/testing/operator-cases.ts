// Every operator at work: operands, attributes, and where it is short to say what should come out. The operator spec runs them all.
import { createRng, float32, int64, sizeOf, type Shape, type Tensor } from '@facewright/tensor';
import type { Builder, Operand } from '../op.ts';
import type { OpName } from '../schema.ts';
import { constant, parameter } from '../source.ts';
import type { Value } from '../value.ts';

export interface OperatorCase {
  readonly op: OpName;
  readonly title: string;
  /** Differentiable operands. */
  readonly at: readonly Tensor[];
  readonly build: (op: Builder, xs: readonly Value[]) => Value;
  /** What should come out, by a computation of its own; absent where onnxruntime's result is the definition and only shape and gradient are checked. */
  readonly expected?: (xs: readonly Float64Array[]) => ArrayLike<number>;
  /** Largest error of the gradient, by the measure of `checkGradient`; likewise. 'none' where there is no gradient. */
  readonly gradientTolerance?: number | 'none';
}

let stream = 0;
const make = (dtype: 'float32' | 'float64', dims: Shape, value: (index: number) => number): Tensor => {
  // Eight binary digits after the point, so that moving a point by a power of two is exact.
  const data = Array.from({ length: sizeOf(dims) }, (_, index) => Math.round(value(index) * 256) / 256);
  return dtype === 'float64' ? { dtype, dims, data: Float64Array.from(data) } : float32(dims, data);
};
type Kind = (dtype: 'float32' | 'float64', dims: Shape) => Tensor;
/** In [-1.5, 1.5]. */
const anywhere: Kind = (dtype, dims) => {
  const rng = createRng(++stream);
  return make(dtype, dims, () => rng() * 3 - 1.5);
};
/** In [0.75, 2]. */
const positive: Kind = (dtype, dims) => {
  const rng = createRng(++stream);
  return make(dtype, dims, () => 0.75 + rng() * 1.25);
};
/** Multiples of a quarter plus an eighth in random order: all different and none zero, at least 1/8 from 0 and 1/4 from each other, so no kink is near. */
const apart: Kind = (dtype, dims) => {
  const rng = createRng(++stream);
  const size = sizeOf(dims);
  const order = Array.from({ length: size }, (_, index) => index);
  for (let index = size - 1; index > 0; index--) {
    const other = rng.integer(index + 1);
    [order[index], order[other]] = [order[other]!, order[index]!];
  }
  return make(dtype, dims, (index) => (order[index]! - Math.floor(size / 2)) * 0.25 + 0.125);
};
const f64 = (...dims: number[]) => anywhere('float64', dims);
const f32 = (...dims: number[]) => anywhere('float32', dims);

/** Reads an element of a row-major array under broadcasting. */
const at = (data: ArrayLike<number>, shape: Shape, index: readonly number[]): number => {
  const skip = index.length - shape.length;
  return data[shape.reduce((flat, size, axis) => flat * size + (size === 1 ? 0 : index[axis + skip]!), 0)]!;
};
/** A row-major array of `shape` from a function of the index. */
const fill = (shape: Shape, value: (index: number[]) => number): Float64Array =>
  Float64Array.from({ length: sizeOf(shape) }, (_, flat) => {
    const index: number[] = [];
    let rest = flat;
    for (const size of shape.toReversed()) {
      index.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return value(index);
  });
const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const unary = (op: OpName, tensor: Tensor, f: (x: number) => number, rest: Partial<OperatorCase> = {}): OperatorCase => ({
  op,
  title: `${tensor.dtype} [${tensor.dims.join(', ')}]`,
  at: [tensor],
  build: (builder, [x]) => (builder[op] as (inputs: readonly Operand[]) => Value)([x!]),
  expected: ([x]) => x!.map(f),
  ...rest,
});
const shapes: readonly (readonly [Shape, Shape, Shape])[] = [
  [
    [2, 3],
    [2, 3],
    [2, 3],
  ],
  [
    [2, 3, 4],
    [3, 1],
    [2, 3, 4],
  ],
  [[4], [2, 1, 4], [2, 1, 4]],
  [
    [3, 1],
    [1, 4],
    [3, 4],
  ],
  [[], [2, 2], [2, 2]],
];
const binary = (
  op: OpName,
  kinds: readonly [Kind, Kind],
  f: (a: number, b: number) => number,
  rest: Partial<OperatorCase> = {},
): OperatorCase[] =>
  shapes.map(([a, b, out]) => ({
    op,
    title: `broadcasting [${a.join(', ')}] and [${b.join(', ')}]`,
    at: [kinds[0]('float64', a), kinds[1]('float64', b)],
    build: (builder, [x, y]) => (builder[op] as (inputs: readonly Operand[]) => Value)([x!, y!]),
    expected: ([x, y]) => fill(out, (index) => f(at(x!, a, index), at(y!, b, index))),
    ...rest,
  }));
/** Distinct numbers of one order shared by two operands, so that a comparison of them has no kink near. */
const interleaved = (op: 'Max' | 'Min', f: (a: number, b: number) => number): OperatorCase => ({
  op,
  title: 'operands at least 1/4 apart, broadcasting',
  at: [make('float64', [2, 3], (index) => [3, -1, 2, 0.5, -2, 1][index]!), make('float64', [3], (index) => [1.5, -1.5, 0.25][index]!)],
  build: (builder, [x, y]) => builder[op]([x!, y!]),
  expected: ([x, y]) => fill([2, 3], (index) => f(at(x!, [2, 3], index), at(y!, [3], index))),
});
const truth = (op: Builder, x: Value): Value => op.Cast([x], { to: 'float64' });
const compare = (op: 'Equal' | 'Greater' | 'Less', f: (a: number, b: number) => boolean): OperatorCase => ({
  op,
  title: 'equal and unequal numbers, broadcasting',
  at: [make('float64', [2, 3], (index) => [1, 2, 3, 3, 2, 1][index]!), make('float64', [3], () => 2)],
  build: (builder, [x, y]) => truth(builder, builder[op]([x!, y!])),
  expected: ([x, y]) => fill([2, 3], (index) => (f(at(x!, [2, 3], index), at(y!, [3], index)) ? 1 : 0)),
  gradientTolerance: 'none',
});

/** erf by its Taylor series: the terms fall off fast for |x| < 2. */
function erf(x: number): number {
  let term = x;
  let total = x;
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

const reduce = (op: 'ReduceSum' | 'ReduceMean' | 'ReduceMax', kind: Kind, f: (values: number[]) => number): OperatorCase[] =>
  [
    { axes: [1], keepdims: true, out: [2, 1, 4] },
    { axes: [0, -1], keepdims: false, out: [3] },
    { axes: [0, 1, 2], keepdims: false, out: [] },
  ].map(({ axes, keepdims, out }) => ({
    op,
    title: `axes [${axes.join(', ')}], ${keepdims ? 'kept' : 'dropped'}`,
    at: [kind('float64', [2, 3, 4])],
    build: (builder, [x]) => builder[op]([x!], { axes, keepdims }),
    expected: ([x]) => {
      const reduced = new Set(axes.map((axis) => (axis + 3) % 3));
      const kept = [2, 3, 4].map((size, axis) => (reduced.has(axis) ? 1 : size));
      const groups = new Map<string, number[]>();
      fill([2, 3, 4], (index) => {
        const key = index.map((position, axis) => (kept[axis] === 1 ? 0 : position)).join();
        groups.set(key, [...(groups.get(key) ?? []), at(x!, [2, 3, 4], index)]);
        return 0;
      });
      return fill(out.length === 3 ? out : kept, (index) => f(groups.get(index.join())!));
    },
  }));

const softmaxed = (values: readonly number[]): number[] => {
  const exponentials = values.map(Math.exp);
  return exponentials.map((value) => value / sum(exponentials));
};

/** Convolution by its definition. */
function convolve(
  x: ArrayLike<number>,
  xShape: Shape,
  w: ArrayLike<number>,
  wShape: Shape,
  b: ArrayLike<number> | undefined,
  out: Shape,
  attrs: { strides?: number[]; pads?: number[]; dilations?: number[]; group?: number },
): Float64Array {
  const { strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1], group = 1 } = attrs;
  const [, perGroup, kh, kw] = wShape as [number, number, number, number];
  return fill(out, ([n, o, row, column]) => {
    const first = Math.floor(o! / (wShape[0]! / group)) * perGroup;
    let total = b?.[o!] ?? 0;
    for (const c of range(perGroup))
      for (const i of range(kh))
        for (const j of range(kw)) {
          const y = row! * strides[0]! - pads[0]! + i * dilations[0]!;
          const z = column! * strides[1]! - pads[1]! + j * dilations[1]!;
          if (y >= 0 && z >= 0 && y < xShape[2]! && z < xShape[3]!)
            total += at(x, xShape, [n!, first + c, y, z]) * at(w, wShape, [o!, c, i, j]);
        }
    return total;
  });
}
type Pair = readonly [number, number];
type Quad = readonly [number, number, number, number];
const conv = (
  title: string,
  x: Shape,
  w: Shape,
  out: Shape,
  attrs: { strides?: Pair; pads?: Quad; dilations?: Pair; group?: number },
  bias = true,
): OperatorCase => ({
  op: 'Conv',
  title,
  at: [anywhere('float32', x), anywhere('float32', w), ...(bias ? [f32(w[0]!)] : [])],
  build: (op, xs) => op.Conv(xs, attrs),
  expected: ([data, kernel, b]) => convolve(data!, x, kernel!, w, b, out, attrs as never),
});
const convTranspose = (
  title: string,
  x: Shape,
  w: Shape,
  attrs: { strides?: Pair; pads?: Quad; dilations?: Pair; group?: number; output_padding?: Pair },
): OperatorCase => ({
  op: 'ConvTranspose',
  title,
  at: [anywhere('float32', x), anywhere('float32', w), f32(w[1]! * (attrs.group ?? 1))],
  build: (op, xs) => op.ConvTranspose(xs, attrs),
});
const pool = (
  op: 'AveragePool' | 'MaxPool',
  title: string,
  dims: Shape,
  attrs: { kernel_shape: Pair; strides?: Pair; pads?: Quad; dilations?: Pair },
): OperatorCase => ({
  op,
  title,
  at: [apart('float32', dims)],
  build: (builder, [x]) => builder[op]([x!], attrs),
});

const ids = (dims: Shape, values: readonly number[]): Value => constant(int64(dims, values));
const flags = (dims: Shape, values: readonly number[]): Value => constant({ dtype: 'bool', dims, data: Uint8Array.from(values) });

const frozenKernel = parameter('kernel', 'float32', [56, 56, 5, 5], { kind: 'memory', tensor: f32(56, 56, 5, 5) });

export const operatorCases: readonly OperatorCase[] = [
  ...binary('Add', [anywhere, anywhere], (a, b) => a + b),
  ...binary('Sub', [anywhere, anywhere], (a, b) => a - b),
  ...binary('Mul', [anywhere, anywhere], (a, b) => a * b),
  ...binary('Div', [anywhere, positive], (a, b) => a / b),
  ...binary('Pow', [positive, anywhere], (a, b) => a ** b),
  {
    op: 'Pow',
    title: 'of a negative base by a whole constant',
    at: [f64(2, 3)],
    build: (op, [x]) => op.Pow([x!, 3]),
    expected: ([x]) => x!.map((value) => value ** 3),
  },
  {
    op: 'Sub',
    title: 'a number first',
    at: [f64(3)],
    build: (op, [x]) => op.Sub([1, x!]),
    expected: ([x]) => x!.map((value) => 1 - value),
  },
  interleaved('Max', Math.max),
  interleaved('Min', Math.min),
  compare('Equal', (a, b) => a === b),
  compare('Greater', (a, b) => a > b),
  compare('Less', (a, b) => a < b),
  {
    op: 'And',
    title: 'of two comparisons',
    at: [f64(3, 4)],
    gradientTolerance: 'none',
    build: (op, [x]) => truth(op, op.And([op.Greater([x!, -0.5]), op.Less([x!, 0.5])])),
    expected: ([x]) => x!.map((value) => (value > -0.5 && value < 0.5 ? 1 : 0)),
  },
  {
    op: 'Not',
    title: 'of a comparison',
    at: [f64(3, 4)],
    gradientTolerance: 'none',
    build: (op, [x]) => truth(op, op.Not([op.Greater([x!, 0])])),
    expected: ([x]) => x!.map((value) => (value > 0 ? 0 : 1)),
  },
  {
    op: 'Where',
    title: 'condition [3, 1] and operands [2, 3, 4] and [4]',
    at: [f32(2, 3, 4), f32(4)],
    build: (op, [a, b]) => op.Where([flags([3, 1], [1, 0, 1]), a!, b!]),
    expected: ([a, b]) => fill([2, 3, 4], (index) => (index[1] === 1 ? b![index[2]!]! : at(a!, [2, 3, 4], index))),
  },
  unary('Neg', f64(2, 3), (x) => -x),
  unary('Exp', f64(2, 3), Math.exp),
  unary('Log', positive('float64', [2, 3]), Math.log),
  unary('Sqrt', positive('float64', [2, 3]), Math.sqrt),
  unary('Abs', apart('float64', [3, 4]), Math.abs),
  unary('Sign', apart('float64', [3, 4]), Math.sign, { gradientTolerance: 'none' }),
  unary('Floor', apart('float64', [3, 4]), Math.floor, { gradientTolerance: 'none' }),
  unary('Reciprocal', positive('float64', [2, 3]), (x) => 1 / x),
  unary('Erf', f32(2, 3), erf),
  unary('Tanh', f64(2, 3), Math.tanh),
  unary('Sigmoid', f64(2, 3), sigmoid),
  unary('Softplus', f32(2, 3), (x) => Math.log(1 + Math.exp(x))),
  unary('Relu', apart('float64', [3, 4]), (x) => Math.max(0, x)),
  unary('LeakyRelu', apart('float32', [3, 4]), (x) => (x > 0 ? x : 0.1 * x), { build: (op, [x]) => op.LeakyRelu([x!], { alpha: 0.1 }) }),
  unary('Sin', f64(2, 3), Math.sin),
  unary('Cos', f32(2, 3), Math.cos),
  unary('Identity', f64(2, 3), (x) => x),
  unary('Gelu', f32(4, 5), (x) => (x / 2) * (1 + erf(x / Math.SQRT2)), { title: 'exact' }),
  unary('Gelu', f32(4, 5), (x) => (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))), {
    title: 'tanh',
    build: (op, [x]) => op.Gelu([x!], { approximate: 'tanh' }),
  }),
  unary('QuickGelu', f32(4, 5), (x) => x * sigmoid(x), { title: 'alpha 1, SiLU', build: (op, [x]) => op.QuickGelu([x!], { alpha: 1 }) }),
  unary('QuickGelu', f32(4, 5), (x) => x * sigmoid(1.702 * x), {
    title: 'alpha 1.702',
    build: (op, [x]) => op.QuickGelu([x!], { alpha: 1.702 }),
  }),
  unary('Clip', apart('float32', [4, 5]), (x) => Math.min(Math.max(x, -1), 1), { build: (op, [x]) => op.Clip([x!], { min: -1, max: 1 }) }),
  {
    op: 'Cast',
    title: 'float64 to float32 and back',
    at: [f64(2, 3)],
    gradientTolerance: 1e-4,
    build: (op, [x]) => op.Cast([op.Cast([x!], { to: 'float32' })], { to: 'float64' }),
    expected: ([x]) => x!,
  },
  {
    op: 'Cast',
    title: 'float64 to int64 carries no gradient',
    at: [apart('float64', [2, 3])],
    gradientTolerance: 'none',
    build: (op, [x]) => op.Cast([op.Cast([x!], { to: 'int64' })], { to: 'float64' }),
    expected: ([x]) => x!.map(Math.trunc),
  },
  ...reduce('ReduceSum', anywhere, sum),
  ...reduce('ReduceMean', anywhere, (values) => sum(values) / values.length),
  ...reduce('ReduceMax', apart, (values) => Math.max(...values)),
  {
    op: 'ArgMax',
    title: 'along the last axis',
    at: [apart('float32', [2, 3])],
    gradientTolerance: 'none',
    build: (op, [x]) => op.Cast([op.ArgMax([x!], { axis: -1, keepdims: false })], { to: 'float32' }),
    expected: ([x]) => range(2).map((row) => [...x!.slice(row * 3, row * 3 + 3)].indexOf(Math.max(...x!.slice(row * 3, row * 3 + 3)))),
  },
  {
    op: 'Softmax',
    title: 'along the last axis',
    at: [f64(2, 3)],
    build: (op, [x]) => op.Softmax([x!], { axis: -1 }),
    expected: ([x]) => range(2).flatMap((row) => softmaxed([...x!.slice(row * 3, row * 3 + 3)])),
  },
  { op: 'Softmax', title: 'along a middle axis', at: [f64(2, 3, 4)], build: (op, [x]) => op.Softmax([x!], { axis: 1 }) },
  {
    op: 'LogSoftmax',
    title: 'along the last axis',
    at: [f64(2, 3)],
    build: (op, [x]) => op.LogSoftmax([x!], { axis: -1 }),
    expected: ([x]) => range(2).flatMap((row) => softmaxed([...x!.slice(row * 3, row * 3 + 3)]).map(Math.log)),
  },
  {
    op: 'Reshape',
    title: 'with one size left open',
    at: [f64(2, 3, 4)],
    build: (op, [x]) => op.Reshape([x!], { shape: [4, -1] }),
    expected: ([x]) => x!,
  },
  {
    op: 'Transpose',
    title: 'a cycle of three axes',
    at: [f64(2, 3, 4)],
    build: (op, [x]) => op.Transpose([x!], { perm: [1, 2, 0] }),
    expected: ([x]) => fill([3, 4, 2], ([a, b, c]) => at(x!, [2, 3, 4], [c!, a!, b!])),
  },
  {
    op: 'Expand',
    title: '[3, 1] to [2, 3, 4]',
    at: [f64(3, 1)],
    build: (op, [x]) => op.Expand([x!], { shape: [2, 3, 4] }),
    expected: ([x]) => fill([2, 3, 4], (index) => at(x!, [3, 1], index)),
  },
  {
    op: 'Expand',
    title: 'keeps larger sizes of the operand',
    at: [f64(3, 4)],
    build: (op, [x]) => op.Expand([x!], { shape: [2, 1, 1] }),
    expected: ([x]) => fill([2, 3, 4], (index) => at(x!, [3, 4], index)),
  },
  {
    op: 'Concat',
    title: 'three parts along a middle axis',
    at: [f64(2, 1, 2), f64(2, 3, 2), f64(2, 2, 2)],
    build: (op, xs) => op.Concat(xs, { axis: 1 }),
    expected: ([a, b, c]) =>
      fill([2, 6, 2], ([i, j, k]) =>
        j! < 1 ? at(a!, [2, 1, 2], [i!, j!, k!]) : j! < 4 ? at(b!, [2, 3, 2], [i!, j! - 1, k!]) : at(c!, [2, 2, 2], [i!, j! - 4, k!]),
      ),
  },
  {
    op: 'Slice',
    title: 'from both ends',
    at: [f64(5, 6)],
    build: (op, [x]) => op.Slice([x!], { starts: [1, -4], ends: [4, -1], axes: [0, 1] }),
    expected: ([x]) => fill([3, 3], ([i, j]) => at(x!, [5, 6], [i! + 1, j! + 2])),
  },
  {
    op: 'Slice',
    title: 'every second backwards, every third forwards',
    at: [f64(5, 8)],
    build: (op, [x]) => op.Slice([x!], { starts: [-1, 1], ends: [-6, 8], axes: [0, 1], steps: [-2, 3] }),
    expected: ([x]) => fill([3, 3], ([i, j]) => at(x!, [5, 8], [4 - 2 * i!, 1 + 3 * j!])),
  },
  {
    op: 'Slice',
    title: 'an end beyond the axis',
    at: [f64(4)],
    build: (op, [x]) => op.Slice([x!], { starts: [2], ends: [100], axes: [0] }),
    expected: ([x]) => x!.slice(2),
  },
  {
    op: 'Split',
    title: 'uneven parts, all used',
    at: [f64(2, 6)],
    build: (op, [x]) => {
      const [a, b, c] = op.Split([x!], { axis: 1, split: [1, 2, 3] });
      return op.Concat([op.Mul([c!, 2]), op.Mul([a!, 3]), b!], { axis: 1 });
    },
    expected: ([x]) =>
      fill([2, 6], ([i, j]) =>
        j! < 3 ? 2 * at(x!, [2, 6], [i!, j! + 3]) : j === 3 ? 3 * at(x!, [2, 6], [i!, 0]) : at(x!, [2, 6], [i!, j! - 3]),
      ),
  },
  {
    op: 'Split',
    title: 'one part unused',
    at: [f64(4, 2)],
    build: (op, [x]) => op.Exp([op.Split([x!], { axis: 0, split: [1, 3] })[1]!]),
    expected: ([x]) => x!.slice(2).map(Math.exp),
  },
  {
    op: 'Split',
    title: 'one part made of another',
    at: [f64(4)],
    build: (op, [x]) => {
      const [a, b] = op.Split([x!], { axis: 0, split: [2, 2] });
      return op.Mul([op.Exp([a!]), b!]);
    },
    expected: ([x]) => range(2).map((index) => Math.exp(x![index]!) * x![index + 2]!),
  },
  {
    op: 'Pad',
    title: 'with a constant',
    at: [f64(2, 3)],
    build: (op, [x]) => op.Pad([x!], { pads: [1, 0, 0, 2], value: 0.5 }),
    expected: ([x]) => fill([3, 5], ([i, j]) => (i! >= 1 && j! < 3 ? at(x!, [2, 3], [i! - 1, j!]) : 0.5)),
  },
  {
    op: 'Pad',
    title: 'by reflection',
    at: [f64(4, 3)],
    build: (op, [x]) => op.Pad([x!], { pads: [2, 1, 1, 2], mode: 'reflect' }),
    expected: ([x]) => {
      const mirror = (index: number, size: number) => (index < 0 ? -index : index >= size ? 2 * size - 2 - index : index);
      return fill([7, 6], ([i, j]) => at(x!, [4, 3], [mirror(i! - 2, 4), mirror(j! - 1, 3)]));
    },
  },
  {
    op: 'Pad',
    title: 'with the edge',
    at: [f64(3, 2)],
    build: (op, [x]) => op.Pad([x!], { pads: [2, 0, 1, 3], mode: 'edge' }),
    expected: ([x]) => fill([6, 5], ([i, j]) => at(x!, [3, 2], [Math.min(Math.max(i! - 2, 0), 2), Math.min(j!, 1)])),
  },
  {
    op: 'Unsqueeze',
    title: 'first and last',
    at: [f64(2, 3)],
    build: (op, [x]) => op.Unsqueeze([x!], { axes: [0, -1] }),
    expected: ([x]) => x!,
  },
  {
    op: 'Squeeze',
    title: 'first and last',
    at: [f64(1, 2, 3, 1)],
    build: (op, [x]) => op.Squeeze([x!], { axes: [0, -1] }),
    expected: ([x]) => x!,
  },
  {
    op: 'Gather',
    title: 'rows, one of them twice',
    at: [f32(4, 3)],
    build: (op, [x]) => op.Gather([x!, ids([2, 2], [3, 1, 1, 0])], { axis: 0 }),
    expected: ([x]) =>
      fill([2, 2, 3], ([i, j, k]) =>
        at(
          x!,
          [4, 3],
          [
            [
              [3, 1],
              [1, 0],
            ][i!]![j!]!,
            k!,
          ],
        ),
      ),
  },
  {
    op: 'Gather',
    title: 'along a middle axis',
    at: [f32(2, 4, 3)],
    build: (op, [x]) => op.Gather([x!, ids([3], [3, 0, 3])], { axis: 1 }),
    expected: ([x]) => fill([2, 3, 3], ([i, j, k]) => at(x!, [2, 4, 3], [i!, [3, 0, 3][j!]!, k!])),
  },
  {
    op: 'Gather',
    title: 'along the last axis, int32 indices [2, 2]',
    at: [f32(2, 3, 4)],
    build: (op, [x]) => op.Gather([x!, op.Cast([ids([2, 2], [3, 0, 2, 3])], { to: 'int32' })], { axis: -1 }),
    expected: ([x]) =>
      fill([2, 3, 2, 2], ([i, j, k, l]) =>
        at(
          x!,
          [2, 3, 4],
          [
            i!,
            j!,
            [
              [3, 0],
              [2, 3],
            ][k!]![l!]!,
          ],
        ),
      ),
  },
  {
    op: 'Gather',
    title: 'thousands of rows of a few, whose gradients a parallel sum must not lose',
    at: [f32(50, 64)],
    build: (op, [x]) =>
      op.ReduceMean(
        [
          op.Gather(
            [
              x!,
              ids(
                [4096],
                range(4096).map((index) => (index * index) % 50),
              ),
            ],
            { axis: 0 },
          ),
        ],
        { axes: [0] },
      ),
    expected: ([x]) => range(64).map((column) => sum(range(4096).map((index) => at(x!, [50, 64], [(index * index) % 50, column]))) / 4096),
  },
  {
    op: 'GatherElements',
    title: 'along the last axis, one of them twice',
    at: [f32(3, 4)],
    build: (op, [x]) => op.GatherElements([x!, ids([2, 3], [3, 0, 3, 1, 2, 2])], { axis: -1 }),
    expected: ([x]) =>
      fill([2, 3], ([i, j]) =>
        at(
          x!,
          [3, 4],
          [
            i!,
            [
              [3, 0, 3],
              [1, 2, 2],
            ][i!]![j!]!,
          ],
        ),
      ),
  },
  {
    op: 'ScatterElements',
    title: 'along the first axis, one place twice',
    at: [f32(4, 2), f32(3, 2)],
    build: (op, [x, u]) => op.ScatterElements([x!, ids([3, 2], [2, 0, 0, 0, 2, 3]), u!], { axis: 0, reduction: 'add' }),
    expected: ([x, u]) =>
      fill(
        [4, 2],
        ([i, j]) =>
          at(x!, [4, 2], [i!, j!]) +
          sum(
            [
              [2, 0],
              [0, 0],
              [2, 3],
            ].map((row, k) => (row[j!] === i ? at(u!, [3, 2], [k, j!]) : 0)),
          ),
      ),
  },
  ...(
    [
      [
        [3, 4],
        [4, 2],
        [3, 2],
      ],
      [
        [2, 3, 4],
        [4, 2],
        [2, 3, 2],
      ],
      [
        [2, 3, 4],
        [2, 4, 2],
        [2, 3, 2],
      ],
      [
        [3, 4],
        [2, 4, 2],
        [2, 3, 2],
      ],
      [
        [5, 1, 3, 4],
        [2, 4, 2],
        [5, 2, 3, 2],
      ],
    ] as const
  ).map(([a, b, out]): OperatorCase => ({
    op: 'MatMul',
    title: `[${a.join(', ')}] by [${b.join(', ')}]`,
    at: [f64(...a), f64(...b)],
    build: (op, xs) => op.MatMul(xs),
    expected: ([x, y]) =>
      fill(out, (index) =>
        sum(range(4).map((k) => at(x!, a, [...index.slice(0, -1), k]) * at(y!, b, [...index.slice(0, -2), k, index.at(-1)!]))),
      ),
  })),
  ...[false, true].flatMap((transA) =>
    [false, true].map((transB): OperatorCase => ({
      op: 'Gemm',
      title: `transA ${transA}, transB ${transB}, scaled, with a row added`,
      at: [transA ? f64(4, 3) : f64(3, 4), transB ? f64(2, 4) : f64(4, 2), f64(2)],
      build: (op, xs) => op.Gemm(xs, { transA, transB, alpha: 0.5, beta: 2 }),
      expected: ([a, b, c]) =>
        fill(
          [3, 2],
          ([i, j]) =>
            0.5 * sum(range(4).map((k) => (transA ? a![k * 3 + i!]! : a![i! * 4 + k]!) * (transB ? b![j! * 4 + k]! : b![k * 2 + j!]!))) +
            2 * c![j!]!,
        ),
    })),
  ),
  { op: 'Gemm', title: 'without a third operand', at: [f64(3, 4), f64(4, 2)], build: (op, xs) => op.Gemm(xs) },
  conv('3x3, padded', [2, 3, 5, 6], [4, 3, 3, 3], [2, 4, 5, 6], { pads: [1, 1, 1, 1] }),
  conv('3x3, not padded, no bias', [2, 3, 5, 6], [4, 3, 3, 3], [2, 4, 3, 4], {}, false),
  conv('1x1', [2, 3, 4, 4], [5, 3, 1, 1], [2, 5, 4, 4], {}),
  conv('3x3 by stride 2 on odd sizes', [2, 3, 7, 5], [4, 3, 3, 3], [2, 4, 4, 3], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  conv('3x3 by stride 2 on even sizes', [2, 3, 6, 8], [4, 3, 3, 3], [2, 4, 3, 4], { pads: [1, 1, 1, 1], strides: [2, 2] }),
  conv('3x3 by stride 2, padded right and below only', [1, 2, 6, 6], [3, 2, 3, 3], [1, 3, 3, 3], { pads: [0, 0, 1, 1], strides: [2, 2] }),
  conv('patches: 4x4 by stride 4', [1, 3, 8, 8], [5, 3, 4, 4], [1, 5, 2, 2], { strides: [4, 4] }),
  conv('1x1 by stride 2', [1, 3, 5, 5], [4, 3, 1, 1], [1, 4, 3, 3], { strides: [2, 2] }),
  conv('dilated', [1, 2, 7, 7], [3, 2, 3, 3], [1, 3, 7, 7], { pads: [2, 2, 2, 2], dilations: [2, 2] }),
  conv('uneven kernel, pads and strides', [1, 2, 8, 9], [3, 2, 2, 3], [1, 3, 5, 3], {
    pads: [1, 0, 2, 2],
    strides: [2, 3],
    dilations: [1, 1],
  }),
  conv('two groups', [2, 4, 5, 5], [6, 2, 3, 3], [2, 6, 5, 5], { pads: [1, 1, 1, 1], group: 2 }),
  conv('depthwise', [2, 4, 5, 5], [4, 1, 3, 3], [2, 4, 5, 5], { pads: [1, 1, 1, 1], group: 4 }),
  conv('two groups by stride 2', [1, 4, 6, 6], [4, 2, 3, 3], [1, 4, 3, 3], { pads: [1, 1, 1, 1], group: 2, strides: [2, 2] }),
  conv('more padding than the kernel reaches', [1, 2, 4, 4], [3, 2, 1, 1], [1, 3, 6, 6], { pads: [1, 1, 1, 1] }),
  convTranspose('stride 1', [1, 3, 4, 4], [3, 2, 3, 3], { pads: [1, 1, 1, 1] }),
  convTranspose('stride 2 with output padding', [2, 3, 3, 4], [3, 2, 3, 3], {
    pads: [1, 1, 1, 1],
    strides: [2, 2],
    output_padding: [1, 1],
  }),
  convTranspose('2x2 by stride 2', [1, 3, 3, 3], [3, 4, 2, 2], { strides: [2, 2] }),
  convTranspose('two groups', [1, 4, 3, 3], [4, 2, 3, 3], { pads: [1, 1, 1, 1], strides: [2, 2], group: 2 }),
  pool('AveragePool', 'windows side by side', [2, 2, 4, 6], { kernel_shape: [2, 3], strides: [2, 3] }),
  pool('AveragePool', 'overlapping and padded', [1, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool('MaxPool', 'windows side by side', [2, 2, 4, 6], { kernel_shape: [2, 2], strides: [2, 2] }),
  pool('MaxPool', 'overlapping and padded', [1, 2, 5, 6], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
  {
    op: 'Resize',
    title: 'nearest, twice and three times',
    at: [f32(1, 2, 3, 4)],
    build: (op, [x]) => op.Resize([x!], { sizes: [6, 12], mode: 'nearest' }),
    expected: ([x]) => fill([1, 2, 6, 12], ([n, c, i, j]) => at(x!, [1, 2, 3, 4], [n!, c!, i! >> 1, Math.floor(j! / 3)])),
  },
  {
    op: 'Resize',
    title: 'nearest, to sizes that do not divide',
    at: [f32(1, 2, 3, 4)],
    build: (op, [x]) => op.Resize([x!], { sizes: [5, 3], mode: 'nearest' }),
    expected: ([x]) =>
      fill([1, 2, 5, 3], ([n, c, i, j]) => at(x!, [1, 2, 3, 4], [n!, c!, Math.floor((i! * 3) / 5), Math.floor((j! * 4) / 3)])),
  },
  { op: 'Resize', title: 'linear, larger', at: [f32(1, 2, 3, 4)], build: (op, [x]) => op.Resize([x!], { sizes: [6, 7], mode: 'linear' }) },
  { op: 'Resize', title: 'linear, smaller', at: [f32(1, 2, 6, 5)], build: (op, [x]) => op.Resize([x!], { sizes: [3, 4], mode: 'linear' }) },
  {
    op: 'LayerNormalization',
    title: 'over the last axis',
    at: [f32(2, 3, 8), f32(8), f32(8)],
    build: (op, xs) => op.LayerNormalization(xs, { axis: -1, epsilon: 1e-5 }),
    expected: ([x, s, b]) =>
      fill([2, 3, 8], ([i, j, k]) => {
        const row = range(8).map((index) => at(x!, [2, 3, 8], [i!, j!, index]));
        const mean = sum(row) / 8;
        return ((row[k!]! - mean) / Math.sqrt(sum(row.map((value) => (value - mean) ** 2)) / 8 + 1e-5)) * s![k!]! + b![k!]!;
      }),
  },
  {
    op: 'LayerNormalization',
    title: 'over the last two axes, large epsilon, no bias',
    at: [f32(3, 2, 4), f32(2, 4)],
    build: (op, xs) => op.LayerNormalization(xs, { axis: 1, epsilon: 0.5 }),
  },
  {
    op: 'InstanceNormalization',
    title: 'pictures',
    at: [f32(2, 3, 4, 2), f32(3), f32(3)],
    build: (op, xs) => op.InstanceNormalization(xs, { epsilon: 1e-5 }),
    expected: ([x, s, b]) =>
      fill([2, 3, 4, 2], ([n, c, i, j]) => {
        const plane = range(8).map((index) => at(x!, [2, 3, 4, 2], [n!, c!, index >> 1, index % 2]));
        const mean = sum(plane) / 8;
        return (
          ((at(x!, [2, 3, 4, 2], [n!, c!, i!, j!]) - mean) / Math.sqrt(sum(plane.map((value) => (value - mean) ** 2)) / 8 + 1e-5)) *
            s![c!]! +
          b![c!]!
        );
      }),
  },
  {
    op: 'InstanceNormalization',
    title: 'sequences, large epsilon',
    at: [f32(2, 3, 7), f32(3), f32(3)],
    build: (op, xs) => op.InstanceNormalization(xs, { epsilon: 0.5 }),
  },
  // Kernels too large to be kept turned around: on a small picture, and on one wide enough that turning them in every run pays.
  ...[8, 23].map((side): OperatorCase => ({
    op: 'Conv',
    title: `frozen kernel of 78,400 elements on ${side} x ${side} pixels`,
    at: [f32(1, 56, side, side)],
    gradientTolerance: 1e-4,
    build: (op, [x]) => op.Conv([x!, frozenKernel], { pads: [2, 2, 2, 2] }),
  })),
  {
    op: 'MultiHeadAttention',
    title: 'two heads, other keys than queries',
    at: [f32(2, 3, 8), f32(2, 5, 8), f32(2, 5, 8)],
    gradientTolerance: 1e-4,
    build: (op, xs) => op.MultiHeadAttention(xs, { num_heads: 2 }),
    expected: ([q, k, v]) =>
      fill([2, 3, 8], ([b, t, c]) => {
        const head = c! >> 2;
        const weights = softmaxed(
          range(5).map(
            (s) => sum(range(4).map((d) => at(q!, [2, 3, 8], [b!, t!, head * 4 + d]) * at(k!, [2, 5, 8], [b!, s, head * 4 + d]))) / 2,
          ),
        );
        return sum(range(5).map((s) => weights[s]! * at(v!, [2, 5, 8], [b!, s, c!])));
      }),
  },
  {
    op: 'MultiHeadAttention',
    title: 'with a mask, values of another width and a scale of its own',
    at: [f32(2, 3, 8), f32(2, 5, 8), f32(2, 5, 4)],
    gradientTolerance: 1e-4,
    build: (op, [q, k, v]) => op.MultiHeadAttention([q!, k!, v!, null, null, constant(f32(1, 1, 3, 5))], { num_heads: 2, scale: 0.3 }),
  },
];
