// Pooling and resizing of [batch, channels, height, width].
import { int64, sizeOf } from '@facewright/tensor';
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { constant } from '../source.ts';
import { describe, isFloat, operands, rule } from '../shapes.ts';
import type { DType, Shape, Value } from '../value.ts';
import { slide } from './convolution.ts';

type Pool = OpAttrs['AveragePool'];
const window = ({ strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0], kernel_shape }: Pool) => ({
  strides,
  dilations,
  pads,
  kernel: kernel_shape,
});

const inferPool = (name: string) => (inputs: readonly (Value | null)[], attrs: Pool) => {
  const [x] = operands(name, inputs, 1) as [Value];
  if (x.shape.length !== 4) throw err.SHAPE(name, 'a picture [n, c, h, w]', describe(x));
  const { kernel, ...rest } = window(attrs);
  return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...slide(name, x.shape, kernel, rest)] }];
};

/** A constant of a floating-point type computed here in float64; only types that JavaScript can write. */
function floats(op: Builder, dims: Shape, data: Float64Array, dtype: DType): Value {
  if (dtype === 'float64') return constant({ dtype, dims, data });
  const value = constant({ dtype: 'float32', dims, data: Float32Array.from(data) });
  return dtype === 'float32' ? value : op.Cast([value], { to: dtype });
}

/** Sums pictures of one channel back from windows: [n, places, oh, ow] to [n, 1, h, w], the mirror of `windows`. */
function unwindow(op: Builder, g: Value, [, , height, width]: Shape, kernel: Value, attrs: Pool): Value {
  const { strides, dilations, pads } = window(attrs);
  const left = (axis: 0 | 1, size: number) =>
    size +
    pads[axis] +
    pads[(axis + 2) as 2 | 3] -
    ((g.shape[axis + 2]! - 1) * strides[axis] + (attrs.kernel_shape[axis] - 1) * dilations[axis] + 1);
  return op.ConvTranspose([g, kernel], { strides, dilations, pads, output_padding: [left(0, height!), left(1, width!)] });
}

export const AveragePool: Op<Pool> = {
  since: 19,
  infer: inferPool('AveragePool'),
  vjp: rule((op, g, { inputs: [x], attrs }) => {
    const { kernel, pads, strides, dilations } = window(attrs);
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const [oh, ow] = [g.shape[2]!, g.shape[3]!];
    // Windows side by side: every cotangent is spread over its window.
    if (
      kernel[0] === strides[0] &&
      kernel[1] === strides[1] &&
      dilations.every((d) => d === 1) &&
      height === oh * kernel[0] &&
      width === ow * kernel[1]
    ) {
      return [op.Mul([op.Resize([g], { sizes: [height, width], mode: 'nearest' }), 1 / (kernel[0] * kernel[1])])];
    }
    // Padding does not count in the average, so the divisor differs at the border.
    const counts = new Float64Array(oh * ow);
    const inside = (axis: 0 | 1, at: number) => {
      let count = 0;
      for (let k = 0; k < kernel[axis]; k++) {
        const position = at * strides[axis] - pads[axis] + k * dilations[axis];
        if (position >= 0 && position < x!.shape[axis + 2]!) count++;
      }
      return count;
    };
    for (let row = 0; row < oh; row++)
      for (let column = 0; column < ow; column++) counts[row * ow + column] = 1 / (inside(0, row) * inside(1, column));
    const shares = op.Reshape([op.Mul([g, floats(op, [oh, ow], counts, g.dtype)])], { shape: [batch * channels, 1, oh, ow] });
    const ones = floats(op, [1, 1, ...kernel], new Float64Array(sizeOf(kernel)).fill(1), g.dtype);
    return [op.Reshape([unwindow(op, shares, x!.shape, ones, attrs)], { shape: x!.shape })];
  }),
};

export const MaxPool: Op<Pool> = {
  since: 12,
  infer: inferPool('MaxPool'),
  /** Shared evenly among equal maxima of a window. */
  vjp: rule((op, g, { inputs: [x], output, attrs }) => {
    const { kernel, pads, strides, dilations } = window(attrs);
    const [batch, channels, height, width] = x!.shape as [number, number, number, number];
    const places = sizeOf(kernel);
    // A kernel per place of the window, so that a convolution lists the elements of every window.
    const identity = new Float64Array(places * places);
    for (let place = 0; place < places; place++) identity[place * (places + 1)] = 1;
    const pick = floats(op, [places, 1, ...kernel], identity, g.dtype);
    const single = (value: Value) => op.Reshape([value], { shape: [batch * channels, 1, value.shape[2]!, value.shape[3]!] });
    const elements = op.Conv([single(x!), pick], { strides, dilations, pads });
    let isMax = op.Cast([op.Equal([elements, single(output)])], { to: g.dtype });
    if (pads.some((pad) => pad > 0)) {
      // Zeros of the padding are not candidates.
      const real = floats(op, [1, 1, height, width], new Float64Array(height * width).fill(1), g.dtype);
      isMax = op.Mul([isMax, op.Conv([real, pick], { strides, dilations, pads })]);
    }
    const share = op.Div([single(g), op.ReduceSum([isMax], { axes: [1] })]);
    return [op.Reshape([unwindow(op, op.Mul([isMax, share]), [batch * channels, 1, height, width], pick, attrs)], { shape: x!.shape })];
  }),
};

/** Row i says how much each input position gives to output position i, by the two definitions that the schema names. */
function resizeMatrix(from: number, to: number, mode: 'nearest' | 'linear'): Float64Array {
  const matrix = new Float64Array(to * from);
  for (let row = 0; row < to; row++) {
    if (mode === 'nearest') {
      matrix[row * from + Math.min(from - 1, Math.floor((row * from) / to))] = 1;
      continue;
    }
    const position = Math.min(Math.max(((row + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, from - 1);
    matrix[row * from + low]! += 1 - (position - low);
    matrix[row * from + high]! += position - low;
  }
  return matrix;
}
export const Resize: Op<OpAttrs['Resize']> = {
  since: 19,
  encode: ({ mode }, node) => ({
    inputs: [null, null, int64([4], node.outputs[0]!.shape)],
    attributes:
      mode === 'nearest'
        ? { mode, coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }
        : { mode, coordinate_transformation_mode: 'half_pixel' },
  }),
  infer(inputs, { sizes }) {
    const [x] = operands('Resize', inputs, 1) as [Value];
    if (x.shape.length !== 4 || !isFloat(x.dtype) || sizes.some((size) => size < 1 || !Number.isInteger(size))) {
      throw err.SHAPE('Resize', 'a picture [n, c, h, w] and whole sizes', `${describe(x)} to [${sizes.join(', ')}]`);
    }
    return [{ dtype: x.dtype, shape: [x.shape[0]!, x.shape[1]!, ...sizes] }];
  },
  vjp: rule((op, g, { inputs: [x], attrs: { sizes, mode } }) => {
    const [height, width] = [x!.shape[2]!, x!.shape[3]!];
    const [fh, fw] = [sizes[0] / height, sizes[1] / width];
    if (mode === 'nearest' && Number.isInteger(fh) && Number.isInteger(fw)) {
      if (fh === 1 && fw === 1) return [g];
      return [op.Mul([op.AveragePool([g], { kernel_shape: [fh, fw], strides: [fh, fw] }), fh * fw])];
    }
    // y = R x C^T with one matrix per axis, so dx = R^T g C.
    const rows = resizeMatrix(height, sizes[0], mode);
    const columns = floats(op, [sizes[1], width], resizeMatrix(width, sizes[1], mode), g.dtype);
    const rowsTransposed = new Float64Array(rows.length);
    for (let to = 0; to < sizes[0]; to++)
      for (let from = 0; from < height; from++) rowsTransposed[from * sizes[0] + to] = rows[to * height + from]!;
    return [op.MatMul([op.MatMul([floats(op, [height, sizes[0]], rowsTransposed, g.dtype), g]), columns])];
  }),
};
