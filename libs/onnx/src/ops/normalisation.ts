// Layer and instance normalisation.
import { sizeOf } from '@facewright/tensor';
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { axisOf, describe, oneDType, operand, rule, sameShape } from '../shapes.ts';
import type { Shape, Value } from '../value.ts';

/** Whether a value is a constant with this number everywhere, as the groups of groupNorm have it. */
const isAll = ({ source }: Value, value: number): boolean => source.kind === 'constant' && Array.from(source.tensor.data as Float32Array).every((element) => element === value);
const filled = (op: Builder, value: number, like: Value): Value => op.Expand([op.Cast([value], { to: like.dtype })], { shape: like.shape });

/**
 * The cotangent of x from that of xhat = (x - mean(x)) / std(x), std^2 = var + epsilon, over the last axis of [rows, length]:
 * (g - mean(g) - xhat mean(g xhat)) / std.
 */
function whitenGradient(op: Builder, g: Value, x: Value, xhat: Value, epsilon: number): Value {
  const dot = (a: Value, b: Value) => op.ReduceMean([op.Mul([a, b])], { axes: [1] });
  // r = mean(x xhat) = var / std and var = std^2 - epsilon, so std = (r + sqrt(r^2 + 4 epsilon)) / 2: no second pass for the variance, and no 0 / 0 where x is constant.
  const r = dot(x, xhat);
  const inverse = op.Div([2, op.Add([r, op.Sqrt([op.Add([op.Mul([r, r]), 4 * epsilon])])])]);
  const along = op.Mul([dot(g, xhat), inverse]);
  const mean = op.Mul([op.ReduceMean([g], { axes: [1] }), inverse]);
  return op.Sub([op.Mul([g, inverse]), op.Add([op.Mul([xhat, along]), mean])]);
}

export const LayerNormalization: Op<OpAttrs['LayerNormalization']> = {
  since: 17,
  infer(inputs, { axis }) {
    const x = operand('LayerNormalization', inputs, 0);
    const scale = operand('LayerNormalization', inputs, 1);
    const bias = inputs[2];
    oneDType('LayerNormalization', bias ? [x, scale, bias] : [x, scale]);
    const normalized = x.shape.slice(axisOf('LayerNormalization', axis, x.shape.length));
    if (!sameShape(scale.shape, normalized) || (bias && !sameShape(bias.shape, normalized))) {
      throw err.SHAPE('LayerNormalization', `a scale and bias [${normalized.join(', ')}]`, (bias ? [scale, bias] : [scale]).map(describe).join(' and '));
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: rule((op, g, { inputs: [x, scale, bias], attrs: { axis, epsilon } }) => {
    const first = axisOf('LayerNormalization', axis, x!.shape.length);
    const shape: Shape = [sizeOf(x!.shape.slice(0, first)), sizeOf(x!.shape.slice(first))];
    const rows = (value: Value) => op.Reshape([value], { shape });
    const xhat = op.LayerNormalization([x!, filled(op, 1, scale!)], { axis, epsilon });
    const leading = x!.shape.slice(0, first).map((_, index) => index);
    const sum = (value: Value) => (leading.length ? op.ReduceSum([value], { axes: leading, keepdims: false }) : value);
    return [
      op.Reshape([whitenGradient(op, rows(op.Mul([g, scale!])), rows(x!), rows(xhat), epsilon)], { shape: x!.shape }),
      sum(op.Mul([g, xhat])),
      bias ? sum(g) : null,
    ];
  }),
};

export const InstanceNormalization: Op<OpAttrs['InstanceNormalization']> = {
  since: 6,
  infer(inputs) {
    const x = operand('InstanceNormalization', inputs, 0);
    const scale = operand('InstanceNormalization', inputs, 1);
    const bias = operand('InstanceNormalization', inputs, 2);
    oneDType('InstanceNormalization', [x, scale, bias]);
    if (x.shape.length < 3 || !sameShape(scale.shape, [x.shape[1]!]) || !sameShape(bias.shape, scale.shape)) {
      throw err.SHAPE('InstanceNormalization', `[n, c, …] with scale and bias [c]`, `${describe(x)}, ${describe(scale)} and ${describe(bias)}`);
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: rule((op, g, { inputs: [x, scale, bias], output, attrs: { epsilon } }) => {
    const [batch, channels, ...spatial] = x!.shape as [number, number, ...number[]];
    const rows = (value: Value) => op.Reshape([value], { shape: [batch * channels, sizeOf(spatial)] });
    const plain = isAll(scale!, 1) && isAll(bias!, 0);
    const xhat = plain ? output : op.InstanceNormalization([x!, filled(op, 1, scale!), filled(op, 0, bias!)], { epsilon });
    const perChannel = op.Reshape([scale!], { shape: [channels, ...spatial.map(() => 1)] });
    const axes = x!.shape.map((_, axis) => axis).filter((axis) => axis !== 1);
    return [
      op.Reshape([whitenGradient(op, rows(plain ? g : op.Mul([g, perChannel])), rows(x!), rows(xhat), epsilon)], { shape: x!.shape }),
      op.ReduceSum([op.Mul([g, xhat])], { axes, keepdims: false }),
      op.ReduceSum([g], { axes, keepdims: false }),
    ];
  }),
};
