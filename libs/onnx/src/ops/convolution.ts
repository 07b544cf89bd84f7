// Convolution, transposed convolution and their gradients, over [batch, channels, height, width].
import { sizeOf } from '@facewright/tensor';
import { after } from '../after.ts';
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { describe, oneDType, operand, rule } from '../shapes.ts';
import type { Shape, Value } from '../value.ts';
import { reverse } from './layout.ts';

type ConvAttrs = OpAttrs['Conv'];
type Pads = readonly [number, number, number, number];
interface Geometry {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: Pads;
  readonly group: number;
}
const geometry = ({ strides = [1, 1], dilations = [1, 1], pads = [0, 0, 0, 0], group = 1 }: ConvAttrs): Geometry => ({
  strides,
  dilations,
  pads,
  group,
});
/** Sizes of a kernel with its holes. */
const reach = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

/** Height and width after sliding a kernel: floor((in + pads - reach) / stride) + 1. */
export function slide(
  op: string,
  image: Shape,
  kernel: readonly number[],
  { strides, dilations, pads }: Omit<Geometry, 'group'>,
): [number, number] {
  const size = (axis: 0 | 1) =>
    Math.floor((image[axis + 2]! + pads[axis] + pads[(axis + 2) as 2 | 3] - reach(kernel[axis]!, dilations[axis])) / strides[axis]) + 1;
  const sizes: [number, number] = [size(0), size(1)];
  if (sizes.some((value) => value < 1))
    throw err.SHAPE(
      op,
      'a kernel that fits the padded picture',
      `kernel [${kernel.join(', ')}] on [${image.join(', ')}] with pads [${pads.join(', ')}]`,
    );
  return sizes;
}

function checkBias(op: string, bias: Value | null | undefined, channels: number): void {
  if (bias && (bias.shape.length !== 1 || bias.shape[0] !== channels)) throw err.SHAPE(op, `a bias [${channels}]`, describe(bias));
}
const present = (values: readonly (Value | null | undefined)[]): Value[] => values.filter((value) => value !== null && value !== undefined);

export const Conv: Op<ConvAttrs> = {
  since: 11,
  infer(inputs, attrs) {
    const x = operand('Conv', inputs, 0);
    const w = operand('Conv', inputs, 1);
    const g = geometry(attrs);
    oneDType('Conv', present([x, w, inputs[2]]));
    const [batch, channels] = x.shape;
    const [out, perGroup, ...kernel] = w.shape;
    if (x.shape.length !== 4 || w.shape.length !== 4 || channels !== perGroup! * g.group || out! % g.group !== 0) {
      throw err.SHAPE('Conv', `a picture [n, c, h, w] and a kernel [o, c / ${g.group}, kh, kw]`, `${describe(x)} and ${describe(w)}`);
    }
    checkBias('Conv', inputs[2], out!);
    return [{ dtype: x.dtype, shape: [batch!, out!, ...slide('Conv', x.shape, kernel, g)] }];
  },
  vjp: rule((op, g, { inputs: [x, w, b], attrs }) => [
    convInputGradient(op, g, x!.shape, w!, geometry(attrs)),
    convWeightGradient(op, x!, g, w!.shape, geometry(attrs)),
    b ? op.ReduceSum([g], { axes: [0, 2, 3], keepdims: false }) : null,
  ]),
};

export const ConvTranspose: Op<OpAttrs['ConvTranspose']> = {
  since: 11,
  infer(inputs, attrs) {
    const x = operand('ConvTranspose', inputs, 0);
    const w = operand('ConvTranspose', inputs, 1);
    const { strides, dilations, pads, group } = geometry(attrs);
    const extra = attrs.output_padding ?? [0, 0];
    oneDType('ConvTranspose', present([x, w, inputs[2]]));
    const [batch, channels] = x.shape;
    const [into, perGroup, ...kernel] = w.shape;
    if (x.shape.length !== 4 || w.shape.length !== 4 || channels !== into || into! % group !== 0) {
      throw err.SHAPE(
        'ConvTranspose',
        `a picture [n, c, h, w] and a kernel [c, o / ${group}, kh, kw]`,
        `${describe(x)} and ${describe(w)}`,
      );
    }
    checkBias('ConvTranspose', inputs[2], perGroup! * group);
    const size = (axis: 0 | 1) =>
      (x.shape[axis + 2]! - 1) * strides[axis] +
      reach(kernel[axis]!, dilations[axis]) +
      extra[axis] -
      pads[axis] -
      pads[(axis + 2) as 2 | 3];
    const sizes = [size(0), size(1)];
    if (sizes.some((value) => value < 1))
      throw err.SHAPE('ConvTranspose', 'pads smaller than the result', `pads [${pads.join(', ')}] of ${describe(x)}`);
    return [{ dtype: x.dtype, shape: [batch!, perGroup! * group, ...sizes] }];
  },
  // A transposed convolution is the input gradient of a convolution, so its gradients are that convolution and its weight gradient.
  vjp: rule((op, g, { inputs: [x, w, b], attrs }) => {
    const { output_padding: _, ...conv } = attrs;
    return [
      fit(op, op.Conv([g, w!], conv), x!.shape),
      convWeightGradient(op, g, x!, w!.shape, geometry(attrs)),
      b ? op.ReduceSum([g], { axes: [0, 2, 3], keepdims: false }) : null,
    ];
  }),
};
/** Cuts what output_padding made a convolution reach beyond. */
const fit = (op: Builder, x: Value, shape: Shape): Value =>
  x.shape[2] === shape[2] && x.shape[3] === shape[3] ? x : op.Slice([x], { starts: [0, 0], ends: [shape[2]!, shape[3]!], axes: [2, 3] });

/** Kernels of at most so many elements (256 KB) are turned around once, when the graph opens, where they are frozen. */
const FOLDED = 2 ** 16;
/**
 * Positions from which turning a large kernel around at every run is cheaper than a transposed convolution. Processor time on two cores, 3x3, forward, transposed and
 * turned: 320 channels at 64x64 pixels 40, 67 and 43 ms; 640 at 32x32 44, 60 and 49 ms; 1280 at 16x16 39, 59 and 108 ms.
 */
const WIDE = 512;

/** The cotangent of a convolution's input, of shape `xShape`, from that of its output. */
function convInputGradient(op: Builder, g: Value, xShape: Shape, w: Value, { strides, dilations, pads, group }: Geometry): Value {
  const [out, perGroup, kh, kw] = w.shape as [number, number, number, number];
  const rh = reach(kh, dilations[0]);
  const rw = reach(kw, dilations[1]);
  const mirrored: Pads = [rh - 1 - pads[0], rw - 1 - pads[1], rh - 1 - pads[2], rw - 1 - pads[3]];
  const cheap = sizeOf(w.shape) <= FOLDED || g.shape[0]! * g.shape[2]! * g.shape[3]! >= WIDE;
  if (strides[0] === 1 && strides[1] === 1 && mirrored.every((pad) => pad >= 0) && cheap) {
    // What depends on weights alone onnxruntime computes once and keeps: half as much again as the weights of a U-Net.
    const own = w.source.kind !== 'input' && sizeOf(w.shape) > FOLDED ? after(op, w, [g]) : w;
    // Flipping rows and columns is reversing the places as one axis.
    const places = op.Reshape([own], { shape: [group, out / group, perGroup, kh * kw] });
    const flipped = kh * kw > 1 ? reverse(op, places, 3) : places;
    const swapped = op.Reshape([op.Transpose([flipped], { perm: [0, 2, 1, 3] })], { shape: [group * perGroup, out / group, kh, kw] });
    return op.Conv([g, swapped], { pads: mirrored, dilations, group });
  }
  const left = (axis: 0 | 1, r: number) =>
    xShape[axis + 2]! + pads[axis] + pads[(axis + 2) as 2 | 3] - ((g.shape[axis + 2]! - 1) * strides[axis] + r);
  return op.ConvTranspose([g, w], { strides, dilations, pads, group, output_padding: [left(0, rh), left(1, rw)] });
}

/**
 * The cotangent of a convolution's kernel, of shape `wShape`, from the input and the cotangent of the output: one matrix product over all
 * positions for each place in the kernel. With channels last a shifted picture is copied in whole rows; at 40 to 224 channels and 4 to 16 pixels
 * this took 0.4 to 3.5 ms on two cores, slices with channels first 0.7 to 3.8 ms, one convolution with batch and channels swapped 0.9 to 9.4 ms.
 */
function convWeightGradient(op: Builder, x: Value, g: Value, wShape: Shape, geometry: Geometry): Value {
  const [out, , kh, kw] = wShape as [number, number, number, number];
  if (geometry.group > 1) return groupedWeightGradient(op, x, g, wShape, geometry);
  const [, , oh, ow] = g.shape as [number, number, number, number];
  const { pads, strides } = geometry;
  const last = op.Transpose([x], { perm: [0, 2, 3, 1] });
  const padded = pads.some((pad) => pad > 0) ? op.Pad([last], { pads: [0, pads[0], pads[1], 0, 0, pads[2], pads[3], 0] }) : last;
  const cotangents = op.Reshape([op.Transpose([g], { perm: [1, 0, 2, 3] })], { shape: [out, -1] });
  const places = placesOf(wShape, geometry).map(([top, left]) => {
    const seen = window(op, padded, [1, 2], [top, left], [oh, ow], strides);
    return op.Gemm([cotangents, op.Reshape([seen], { shape: [-1, wShape[1]!] })]);
  });
  if (places.length === 1) return op.Reshape([places[0]!], { shape: wShape });
  const byPlace = op.Reshape([op.Concat(places, { axis: 1 })], { shape: [out, kh * kw, wShape[1]!] });
  return op.Reshape([op.Transpose([byPlace], { perm: [0, 2, 1] })], { shape: wShape });
}
/** The same with groups: a batch of products, summed over the pictures. */
function groupedWeightGradient(op: Builder, x: Value, g: Value, wShape: Shape, geometry: Geometry): Value {
  const { pads, strides, group } = geometry;
  const [out, perGroup] = wShape as [number, number];
  const [batch, , oh, ow] = g.shape as [number, number, number, number];
  const padded = pads.some((pad) => pad > 0) ? op.Pad([x], { pads: [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]] }) : x;
  const cotangents = op.Reshape([g], { shape: [batch, group, out / group, oh * ow] });
  const places = placesOf(wShape, geometry).map(([top, left]) => {
    const seen = window(op, padded, [2, 3], [top, left], [oh, ow], strides);
    const columns = op.Transpose([op.Reshape([seen], { shape: [batch, group, perGroup, oh * ow] })], { perm: [0, 1, 3, 2] });
    return op.Unsqueeze([op.ReduceSum([op.MatMul([cotangents, columns])], { axes: [0], keepdims: false })], { axes: [-1] });
  });
  return op.Reshape([places.length === 1 ? places[0]! : op.Concat(places, { axis: -1 })], { shape: wShape });
}
/** Row and column of every place of a kernel, with its holes. */
function placesOf([, , kh, kw]: Shape, { dilations }: Geometry): (readonly [number, number])[] {
  return Array.from({ length: kh! * kw! }, (_, place) => [Math.floor(place / kw!) * dilations[0], (place % kw!) * dilations[1]] as const);
}
/** What one place of a kernel sees of a padded picture while it slides. */
function window(
  op: Builder,
  x: Value,
  axes: readonly [number, number],
  [top, left]: readonly [number, number],
  [oh, ow]: readonly [number, number],
  strides: Geometry['strides'],
): Value {
  const starts = [top, left];
  const ends = [top + (oh - 1) * strides[0] + 1, left + (ow - 1) * strides[1] + 1];
  if (
    starts.every((start) => start === 0) &&
    ends.every((end, index) => end === x.shape[axes[index]!]) &&
    strides.every((stride) => stride === 1)
  )
    return x;
  return op.Slice([x], { starts, ends, axes, steps: strides });
}
