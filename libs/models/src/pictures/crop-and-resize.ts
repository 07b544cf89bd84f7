// Pictures within a graph, cropped and resized so that gradients pass: what networks that judge pictures read.
import { constant, op, type Value } from '@facewright/onnx';
import { float32 } from '@facewright/tensor';
import { reshape } from '../nn/layers.ts';

export type Filter = 'bilinear' | 'bicubic';

/**
 * The part of pictures [n, c, h, w] that lies in their box, [n, 4] or one for all [1, 4] as x1, y1, x2, y2 in pixels, in `side` x `side` pixels. Antialiased: where it shrinks, the
 * kernel is as much wider (torchvision's Resize of a tensor, Pillow's of bytes; the cubic is Keys' with a = -0.5). At the edge of a box it sees what lies beyond, at that of a
 * picture nothing. Values are neither rounded nor clamped.
 */
export function cropAndResize(pictures: Value, boxes: Value, side: number, filter: Filter): Value {
  const [, , height = 0, width = 0] = pictures.shape;
  const [x1, y1, x2, y2] = op.Split([boxes], { axis: 1, split: [1, 1, 1, 1] }) as [Value, Value, Value, Value];
  const rows = taps(y1, y2, height, side, filter);
  const columns = op.Transpose([taps(x1, x2, width, side, filter)], { perm: [0, 1, 3, 2] });
  return op.MatMul([op.MatMul([rows, pictures]), columns]);
}

/** How much each of `length` places gives to each of `side` places over the span from `start` to `end`, each [n, 1]: [n, 1, side, length], rows that add up to 1. */
function taps(start: Value, end: Value, length: number, side: number, filter: Filter): Value {
  const n = start.shape[0] ?? 1;
  const each = (x: Value) => reshape(x, [n, 1, 1, 1]);
  const counted = (count: number, dims: readonly number[]) =>
    constant(
      float32(
        dims,
        Float32Array.from({ length: count }, (_, i) => i + 0.5),
      ),
    );
  const scale = op.Div([op.Sub([each(end), each(start)]), side]);
  const centres = op.Add([each(start), op.Mul([scale, counted(side, [1, 1, side, 1])])]);
  const distance = op.Abs([op.Div([op.Sub([counted(length, [1, 1, 1, length]), centres]), op.Max([scale, 1])])]);
  const weights = filter === 'bilinear' ? op.Relu([op.Sub([1, distance])]) : cubic(distance);
  return op.Div([weights, op.ReduceSum([weights], { axes: [3] })]);
}

/** Keys' cubic of a distance of at least 0, a = -0.5. */
function cubic(x: Value): Value {
  const near = op.Add([op.Mul([op.Sub([op.Mul([x, 1.5]), 2.5]), op.Mul([x, x])]), 1]);
  const far = op.Mul([op.Sub([op.Mul([op.Add([op.Mul([op.Sub([x, 5]), x]), 8]), x]), 4]), -0.5]);
  return op.Where([op.Less([x, 1]), near, op.Where([op.Less([x, 2]), far, 0])]);
}

/** A box around whole pictures [n, c, h, w], for {@link cropAndResize}. */
export const wholeBox = ({ shape: [, , height = 0, width = 0] }: Value): Value => constant(float32([1, 4], [0, 0, width, height]));

/** Minus the mean, divided by the deviation of each channel of [n, 3, h, w]. */
export function normalise(
  pictures: Value,
  { mean, deviation }: { readonly mean: readonly number[]; readonly deviation: readonly number[] },
): Value {
  const perChannel = (values: readonly number[]) => constant(float32([1, values.length, 1, 1], values));
  return op.Div([op.Sub([pictures, perChannel(mean)]), perChannel(deviation)]);
}
