// Layer and instance normalisation.
import { err, type Builder, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { axisOf, describe, oneDType, operand, rule, sameShape } from '../shapes.ts';
import type { Value } from '../value.ts';

/** Whether a value is a constant with this number everywhere, as the groups of groupNorm have it. */
const isAll = ({ source }: Value, value: number): boolean =>
  source.kind === 'constant' && Array.from(source.tensor.data as Float32Array).every((element) => element === value);
const filled = (op: Builder, value: number, like: Value): Value => op.Expand([op.Cast([value], { to: like.dtype })], { shape: like.shape });

/**
 * The cotangent of x from that of xhat = (x - mean(x)) / std(x), std^2 = var + epsilon, mean and variance over `axes`:
 * (g - mean(g) - xhat mean(g xhat)) / std.
 */
function whitenGradient(op: Builder, g: Value, x: Value, xhat: Value, axes: readonly number[], epsilon: number): Value {
  const mean = (value: Value) => op.ReduceMean([value], { axes });
  // r = mean(x xhat) = var / std and var = std^2 - epsilon, so std = (r + sqrt(r^2 + 4 epsilon)) / 2: no second pass for the variance, and no 0 / 0 where x is constant.
  const r = mean(op.Mul([x, xhat]));
  const inverse = op.Div([2, op.Add([r, op.Sqrt([op.Add([op.Mul([r, r]), 4 * epsilon])])])]);
  const along = op.Mul([mean(op.Mul([g, xhat])), inverse]);
  return op.Sub([op.Mul([g, inverse]), op.Add([op.Mul([xhat, along]), op.Mul([mean(g), inverse])])]);
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
      throw err.SHAPE(
        'LayerNormalization',
        `a scale and bias [${normalized.join(', ')}]`,
        (bias ? [scale, bias] : [scale]).map(describe).join(' and '),
      );
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: rule((op, g, { inputs: [x, scale, bias], attrs: { axis, epsilon } }) => {
    const axes = x!.shape.map((_, index) => index).slice(axisOf('LayerNormalization', axis, x!.shape.length));
    const xhat = op.LayerNormalization([x!, filled(op, 1, scale!)], { axis, epsilon });
    return [whitenGradient(op, op.Mul([g, scale!]), x!, xhat, axes, epsilon), op.Mul([g, xhat]), bias ? g : null];
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
      throw err.SHAPE(
        'InstanceNormalization',
        `[n, c, …] with scale and bias [c]`,
        `${describe(x)}, ${describe(scale)} and ${describe(bias)}`,
      );
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: rule((op, g, { inputs: [x, scale, bias], output, attrs: { epsilon } }) => {
    const axes = x!.shape.map((_, axis) => axis);
    const plain = isAll(scale!, 1) && isAll(bias!, 0);
    const xhat = plain ? output : op.InstanceNormalization([x!, filled(op, 1, scale!), filled(op, 0, bias!)], { epsilon });
    const perChannel = op.Reshape([scale!], { shape: [scale!.shape[0]!, ...axes.slice(2).map(() => 1)] });
    const sum = (value: Value) => op.ReduceSum([value], { axes: axes.filter((axis) => axis !== 1), keepdims: false });
    return [whitenGradient(op, plain ? g : op.Mul([g, perChannel]), x!, xhat, axes.slice(2), epsilon), sum(op.Mul([g, xhat])), sum(g)];
  }),
};
