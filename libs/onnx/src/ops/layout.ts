// Operators that move elements and change no number: reshaping, joining, cutting, padding, indexing.
import { int64, sizeOf } from '@facewright/tensor';
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { axesOf, axisOf, broadcast, describe, oneDType, operand, operands, rule, sameShape } from '../shapes.ts';
import type { Shape, Value } from '../value.ts';

export const Reshape: Op<OpAttrs['Reshape']> = {
  since: 21,
  // The size that was left open is known by now.
  encode: (_, node) => ({ inputs: [int64([node.outputs[0]!.shape.length], node.outputs[0]!.shape)] }),
  infer(inputs, { shape }) {
    const [x] = operands('Reshape', inputs, 1) as [Value];
    const size = sizeOf(x.shape);
    const open = shape.filter((dim) => dim === -1).length;
    const known = sizeOf(shape.filter((dim) => dim !== -1));
    const fits = open === 0 ? known === size : open === 1 && known > 0 && size % known === 0;
    if (!fits || shape.some((dim) => dim < -1 || !Number.isInteger(dim))) {
      throw err.SHAPE('Reshape', `a shape of ${size} elements with at most one -1`, `[${shape.join(', ')}] for ${describe(x)}`);
    }
    return [{ dtype: x.dtype, shape: shape.map((dim) => (dim === -1 ? size / known : dim)) }];
  },
  vjp: rule((op, g, { inputs: [x] }) => [op.Reshape([g], { shape: x!.shape })]),
};

export const Transpose: Op<OpAttrs['Transpose']> = {
  since: 21,
  infer(inputs, { perm }) {
    const [x] = operands('Transpose', inputs, 1) as [Value];
    if (
      !sameShape(
        [...perm].sort((a, b) => a - b),
        x.shape.map((_, axis) => axis),
      )
    ) {
      throw err.SHAPE('Transpose', `a permutation of ${x.shape.length} axes`, `[${perm.join(', ')}]`);
    }
    return [{ dtype: x.dtype, shape: perm.map((axis) => x.shape[axis]!) }];
  },
  vjp: rule((op, g, { attrs: { perm } }) => [op.Transpose([g], { perm: perm.map((_, axis) => perm.indexOf(axis)) })]),
};

export const Expand: Op<OpAttrs['Expand']> = {
  since: 13,
  attrInputs: ['shape'],
  infer(inputs, { shape }) {
    const [x] = operands('Expand', inputs, 1) as [Value];
    return [{ dtype: x.dtype, shape: broadcast('Expand', x.shape, shape) }];
  },
  vjp: rule((_, g) => [g]),
};

const reshaped = (op: Builder, g: Value, { inputs: [x] }: { readonly inputs: readonly Value[] }) => [op.Reshape([g], { shape: x!.shape })];
export const Unsqueeze: Op<OpAttrs['Unsqueeze']> = {
  since: 21,
  attrInputs: ['axes'],
  infer(inputs, { axes }) {
    const [x] = operands('Unsqueeze', inputs, 1) as [Value];
    const rank = x.shape.length + axes.length;
    const added = new Set(axesOf('Unsqueeze', axes, rank));
    const sizes = [...x.shape];
    return [{ dtype: x.dtype, shape: Array.from({ length: rank }, (_, axis) => (added.has(axis) ? 1 : sizes.shift()!)) }];
  },
  vjp: rule(reshaped),
};
export const Squeeze: Op<OpAttrs['Squeeze']> = {
  since: 21,
  attrInputs: ['axes'],
  infer(inputs, { axes }) {
    const [x] = operands('Squeeze', inputs, 1) as [Value];
    const removed = new Set(axesOf('Squeeze', axes, x.shape.length));
    if (x.shape.some((size, axis) => removed.has(axis) && size !== 1))
      throw err.SHAPE('Squeeze', 'axes of size 1', `axes [${axes.join(', ')}] of ${describe(x)}`);
    return [{ dtype: x.dtype, shape: x.shape.filter((_, axis) => !removed.has(axis)) }];
  },
  vjp: rule(reshaped),
};

export const Concat: Op<OpAttrs['Concat']> = {
  since: 13,
  infer(inputs, { axis }) {
    const values = operands('Concat', inputs, inputs.length);
    const first = operand('Concat', inputs, 0);
    const along = axisOf('Concat', axis, first.shape.length);
    const rest = (shape: Shape) => shape.filter((_, index) => index !== along);
    if (values.some((value) => value.shape.length !== first.shape.length || !sameShape(rest(value.shape), rest(first.shape)))) {
      throw err.SHAPE('Concat', `shapes equal but for axis ${along}`, values.map(describe).join(', '));
    }
    const total = values.reduce((sum, value) => sum + value.shape[along]!, 0);
    return [{ dtype: first.dtype, shape: first.shape.map((size, index) => (index === along ? total : size)) }];
  },
  vjp: rule((op, g, { inputs, attrs: { axis } }) => {
    const along = axisOf('Concat', axis, g.shape.length);
    let start = 0;
    return inputs.map((value) => {
      const from = start;
      start += value.shape[along]!;
      return op.Slice([g], { starts: [from], ends: [start], axes: [along] });
    });
  }),
};

export const Split: Op<OpAttrs['Split']> = {
  since: 18,
  attrInputs: ['split'],
  infer(inputs, { axis, split }) {
    const [x] = operands('Split', inputs, 1) as [Value];
    const along = axisOf('Split', axis, x.shape.length);
    if (split.reduce((a, b) => a + b, 0) !== x.shape[along] || split.length === 0) {
      throw err.SHAPE('Split', `parts that add up to ${x.shape[along]}`, `[${split.join(', ')}]`);
    }
    return split.map((part) => ({ dtype: x.dtype, shape: x.shape.map((size, index) => (index === along ? part : size)) }));
  },
  vjp: (op, cotangents, { outputs, attrs: { axis } }) => [
    op.Concat(
      cotangents.map((g, index) => g ?? op.Expand([op.Cast([0], { to: outputs[index]!.dtype })], { shape: outputs[index]!.shape })),
      { axis },
    ),
  ],
};

/** For one axis: the first index taken, how many, and the stride, by the rules of ONNX Slice (clamping included). */
function sliceRange(size: number, start: number, end: number, step: number): { first: number; count: number; step: number } {
  const clamp = (index: number, low: number, high: number) => Math.min(Math.max(index < 0 ? index + size : index, low), high);
  const first = step > 0 ? clamp(start, 0, size) : clamp(start, 0, size - 1);
  const stop = step > 0 ? clamp(end, 0, size) : clamp(end, -1, size - 1);
  return { first, count: Math.max(0, Math.ceil((stop - first) / step)), step };
}
function sliceRanges(x: Value, { starts, ends, axes, steps }: OpAttrs['Slice']): Map<number, ReturnType<typeof sliceRange>> {
  if (starts.length !== axes.length || ends.length !== axes.length || (steps && steps.length !== axes.length)) {
    throw err.SHAPE(
      'Slice',
      'as many starts, ends and steps as axes',
      `${starts.length}, ${ends.length} and ${steps?.length ?? 'no'} for ${axes.length}`,
    );
  }
  axesOf('Slice', axes, x.shape.length);
  if (steps?.includes(0)) throw err.SHAPE('Slice', 'steps other than 0', `[${steps.join(', ')}]`);
  return new Map(
    axes.map((axis, index) => {
      const along = axisOf('Slice', axis, x.shape.length);
      return [along, sliceRange(x.shape[along]!, starts[index]!, ends[index]!, steps?.[index] ?? 1)] as const;
    }),
  );
}
export const Slice: Op<OpAttrs['Slice']> = {
  since: 13,
  attrInputs: ['starts', 'ends', 'axes', 'steps'],
  infer(inputs, attrs) {
    const [x] = operands('Slice', inputs, 1) as [Value];
    const ranges = sliceRanges(x, attrs);
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => ranges.get(axis)?.count ?? size) }];
  },
  vjp: rule((op, cotangent, { inputs: [x], attrs }) => {
    let g = cotangent;
    const rank = x!.shape.length;
    const pads = new Array<number>(2 * rank).fill(0);
    for (const [axis, range] of sliceRanges(x!, attrs)) {
      const { count } = range;
      let { first, step } = range;
      if (step < 0) {
        g = reverse(op, g, axis);
        first += (count - 1) * step;
        step = -step;
      }
      if (step > 1) g = spread(op, g, axis, step);
      pads[axis] = first;
      pads[axis + rank] = x!.shape[axis]! - first - g.shape[axis]!;
    }
    return [pads.every((pad) => pad === 0) ? g : op.Pad([g], { pads })];
  }),
};
/** Elements of an axis in opposite order. */
export const reverse = (op: Builder, x: Value, axis: number): Value =>
  op.Slice([x], { starts: [-1], ends: [-1 - x.shape[axis]!], axes: [axis], steps: [-1] });
/** Puts step - 1 zeros between the elements of an axis. */
function spread(op: Builder, x: Value, axis: number, step: number): Value {
  const rank = x.shape.length + 1;
  const pads = new Array<number>(2 * rank).fill(0);
  pads[rank + axis + 1] = step - 1;
  const stretched = op.Reshape([op.Pad([op.Unsqueeze([x], { axes: [axis + 1] })], { pads })], {
    shape: x.shape.map((size, index) => (index === axis ? size * step : size)),
  });
  return op.Slice([stretched], { starts: [0], ends: [(x.shape[axis]! - 1) * step + 1], axes: [axis] });
}

export const Pad: Op<OpAttrs['Pad']> = {
  since: 21,
  attrInputs: ['pads', 'value'],
  infer(inputs, { pads, mode = 'constant', value }) {
    const [x] = operands('Pad', inputs, 1) as [Value];
    const rank = x.shape.length;
    if (pads.length !== 2 * rank || pads.some((pad) => pad < 0 || !Number.isInteger(pad))) {
      throw err.SHAPE('Pad', `${2 * rank} pads of 0 or more, all beginnings before all ends`, `[${pads.join(', ')}]`);
    }
    if (mode !== 'constant' && value !== undefined) throw err.SHAPE('Pad', `no value in mode ${mode}`, `${value}`);
    if (mode === 'reflect' && x.shape.some((size, axis) => pads[axis]! >= size || pads[axis + rank]! >= size)) {
      throw err.SHAPE('Pad', 'reflections shorter than their axes', `pads [${pads.join(', ')}] of ${describe(x)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape.map((size, axis) => size + pads[axis]! + pads[axis + rank]!) }];
  },
  vjp: rule((op, cotangent, { inputs: [x], attrs: { pads, mode = 'constant' } }) => {
    const rank = x!.shape.length;
    let g = cotangent;
    for (let axis = 0; axis < rank; axis++) {
      const before = pads[axis]!;
      const after = pads[axis + rank]!;
      if (before === 0 && after === 0) continue;
      const size = x!.shape[axis]!;
      const cut = (start: number, end: number) => op.Slice([g], { starts: [start], ends: [end], axes: [axis] });
      const padded = (value: Value, start: number) => {
        const placed = new Array<number>(2 * rank).fill(0);
        placed[axis] = start;
        placed[axis + rank] = size - start - value.shape[axis]!;
        return op.Pad([value], { pads: placed });
      };
      let inner = cut(before, before + size);
      if (mode === 'reflect') {
        if (before) inner = op.Add([inner, padded(reverse(op, cut(0, before), axis), 1)]);
        if (after) inner = op.Add([inner, padded(reverse(op, cut(before + size, before + size + after), axis), size - 1 - after)]);
      } else if (mode === 'edge') {
        if (before) inner = op.Add([inner, padded(op.ReduceSum([cut(0, before)], { axes: [axis] }), 0)]);
        if (after) inner = op.Add([inner, padded(op.ReduceSum([cut(before + size, before + size + after)], { axes: [axis] }), size - 1)]);
      }
      g = inner;
    }
    return [g];
  }),
};

function isIndex(op: string, indices: Value): void {
  if (indices.dtype !== 'int64' && indices.dtype !== 'int32') throw err.SHAPE(op, 'int64 or int32 indices', describe(indices));
}
export const Gather: Op<OpAttrs['Gather']> = {
  since: 13,
  infer(inputs, { axis }) {
    const data = operand('Gather', inputs, 0);
    const indices = operand('Gather', inputs, 1);
    isIndex('Gather', indices);
    const along = axisOf('Gather', axis, data.shape.length);
    return [{ dtype: data.dtype, shape: [...data.shape.slice(0, along), ...indices.shape, ...data.shape.slice(along + 1)] }];
  },
  /** Adds every cotangent to the place it was taken from. */
  vjp: rule((op, g, { inputs: [data, indices], attrs: { axis } }) => {
    const along = axisOf('Gather', axis, data!.shape.length);
    // All gathered axes as one, and an index for each element of it.
    const shape = [...data!.shape.slice(0, along), sizeOf(indices!.shape), ...data!.shape.slice(along + 1)];
    const spread = op.Expand([op.Reshape([indices!], { shape: shape.map((size, index) => (index === along ? size : 1)) })], { shape });
    return [op.ScatterElements([zerosLike(op, data!), spread, op.Reshape([g], { shape })], { axis: along, reduction: 'add' }), null];
  }),
};
const zerosLike = (op: Builder, { dtype, shape }: Value): Value => op.Expand([op.Cast([0], { to: dtype })], { shape });

/** Indices and the operand beside them: of equal rank, no longer than the data but along the axis. */
function checkElements(op: string, data: Value, indices: Value, axis: number): void {
  isIndex(op, indices);
  const along = axisOf(op, axis, data.shape.length);
  if (indices.shape.length !== data.shape.length || indices.shape.some((size, index) => index !== along && size > data.shape[index]!)) {
    throw err.SHAPE(op, `indices within ${describe(data)} but for axis ${along}`, describe(indices));
  }
}
export const GatherElements: Op<OpAttrs['GatherElements']> = {
  since: 13,
  infer(inputs, { axis }) {
    const data = operand('GatherElements', inputs, 0);
    const indices = operand('GatherElements', inputs, 1);
    checkElements('GatherElements', data, indices, axis);
    return [{ dtype: data.dtype, shape: indices.shape }];
  },
  vjp: rule((op, g, { inputs: [data, indices], attrs: { axis } }) => [
    op.ScatterElements([zerosLike(op, data!), indices!, g], { axis, reduction: 'add' }),
    null,
  ]),
};
export const ScatterElements: Op<OpAttrs['ScatterElements']> = {
  since: 18,
  infer(inputs, { axis }) {
    const data = operand('ScatterElements', inputs, 0);
    const indices = operand('ScatterElements', inputs, 1);
    const updates = operand('ScatterElements', inputs, 2);
    oneDType('ScatterElements', [data, updates]);
    checkElements('ScatterElements', data, indices, axis);
    if (!sameShape(indices.shape, updates.shape))
      throw err.SHAPE('ScatterElements', 'an index for every update', `${describe(indices)} and ${describe(updates)}`);
    return [{ dtype: data.dtype, shape: data.shape }];
  },
  vjp: rule((op, g, { inputs: [, indices], attrs: { axis } }) => [g, null, op.GatherElements([g, indices!], { axis })]),
};
