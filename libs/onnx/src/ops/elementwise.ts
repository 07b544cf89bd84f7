// Elementwise operators of one operand: arithmetic, activations, casts.
import type { DType } from '@facewright/tensor';
import { err, type Builder, type Inferred, type Op } from '../op.ts';
import type { OpAttrs } from '../schema.ts';
import { describe, isFloat, operands, rule } from '../shapes.ts';
import type { Value } from '../value.ts';

type None = Record<never, never>;

const infer =
  (name: string, accepts: 'float' | 'number') =>
  (inputs: readonly (Value | null)[]): readonly Inferred[] => {
    const [x] = operands(name, inputs, 1) as [Value];
    if (accepts === 'float' ? !isFloat(x.dtype) : x.dtype === 'bool')
      throw err.SHAPE(name, accepts === 'float' ? 'floating-point numbers' : 'numbers', describe(x));
    return [{ dtype: x.dtype, shape: x.shape }];
  };
/** An operator whose gradient is the cotangent times a derivative; `derivative` may use operand and result, whichever is cheaper. */
const smooth = (name: string, since: number, derivative: (op: Builder, x: Value, y: Value) => Value): Op<None> => ({
  since,
  infer: infer(name, 'float'),
  vjp: rule((op, g, { inputs: [x], output }) => [op.Mul([g, derivative(op, x!, output)])]),
});
const step = (name: string, since: number): Op<None> => ({ since, infer: infer(name, 'number'), vjp: { zero: 'piecewise constant' } });

export const Neg: Op<None> = { since: 13, infer: infer('Neg', 'number'), vjp: rule((op, g) => [op.Neg([g])]) };
export const Identity: Op<None> = {
  since: 19,
  infer(inputs) {
    const [x] = operands('Identity', inputs, 1) as [Value];
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  vjp: rule((_, g) => [g]),
};
export const Exp = smooth('Exp', 13, (_, _x, y) => y);
export const Log: Op<None> = { since: 13, infer: infer('Log', 'float'), vjp: rule((op, g, { inputs: [x] }) => [op.Div([g, x!])]) };
export const Sqrt: Op<None> = {
  since: 13,
  infer: infer('Sqrt', 'float'),
  vjp: rule((op, g, { output }) => [op.Div([op.Mul([g, 0.5]), output])]),
};
/** The gradient at 0 is 0. */
export const Abs: Op<None> = {
  since: 13,
  infer: infer('Abs', 'number'),
  vjp: rule((op, g, { inputs: [x] }) => [op.Mul([g, op.Sign([x!])])]),
};
export const Sign = step('Sign', 13);
export const Floor = step('Floor', 13);
export const Reciprocal = smooth('Reciprocal', 13, (op, _, y) => op.Neg([op.Mul([y, y])]));
/** d erf(x)/dx = 2/sqrt(pi) exp(-x^2). */
export const Erf = smooth('Erf', 13, (op, x) => op.Mul([op.Exp([op.Neg([op.Mul([x, x])])]), 2 / Math.sqrt(Math.PI)]));
export const Tanh = smooth('Tanh', 13, (op, _, y) => op.Sub([1, op.Mul([y, y])]));
export const Sigmoid = smooth('Sigmoid', 13, (op, _, y) => op.Mul([y, op.Sub([1, y])]));
export const Softplus = smooth('Softplus', 1, (op, x) => op.Sigmoid([x]));
export const Sin = smooth('Sin', 7, (op, x) => op.Cos([x]));
export const Cos = smooth('Cos', 7, (op, x) => op.Neg([op.Sin([x])]));
/** The gradient at 0 is 0, as in PyTorch. */
export const Relu = smooth('Relu', 14, (op, x, y) => op.Cast([op.Greater([y, 0])], { to: x.dtype }));
export const LeakyRelu: Op<OpAttrs['LeakyRelu']> = {
  since: 16,
  infer: infer('LeakyRelu', 'float'),
  vjp: rule((op, g, { inputs: [x], attrs }) => [op.Where([op.Greater([x!, 0]), g, op.Mul([g, attrs.alpha])])]),
};

/** sqrt(2/pi) and the cubic coefficient of the tanh form: Hendrycks and Gimpel, arXiv 1606.08415. */
const TANH_SCALE = Math.sqrt(2 / Math.PI);
const TANH_CUBIC = 0.044715;
export const Gelu: Op<OpAttrs['Gelu']> = {
  since: 20,
  infer: infer('Gelu', 'float'),
  vjp: rule((op, g, { inputs: [value], attrs }) => {
    const x = value!;
    if (attrs.approximate === 'tanh') {
      // y = x (1 + t) / 2, t = tanh(u), u = s (x + c x^3): dy = (1 + t)/2 + x (1 - t^2)/2 * s (1 + 3 c x^2).
      const square = op.Mul([x, x]);
      const t = op.Tanh([op.Mul([op.Mul([x, TANH_SCALE]), op.Add([op.Mul([square, TANH_CUBIC]), 1])])]);
      const inner = op.Mul([op.Mul([x, op.Sub([1, op.Mul([t, t])])]), op.Add([op.Mul([square, 3 * TANH_CUBIC * TANH_SCALE]), TANH_SCALE])]);
      return [op.Mul([op.Mul([g, 0.5]), op.Add([op.Add([t, 1]), inner])])];
    }
    // y = x Phi(x): dy = Phi(x) + x phi(x), with the normal distribution and density.
    const distribution = op.Add([op.Mul([op.Erf([op.Mul([x, Math.SQRT1_2])]), 0.5]), 0.5]);
    const density = op.Mul([op.Exp([op.Mul([op.Mul([x, x]), -0.5])]), 1 / Math.sqrt(2 * Math.PI)]);
    return [op.Mul([g, op.Add([distribution, op.Mul([x, density])])])];
  }),
};
export const QuickGelu: Op<OpAttrs['QuickGelu']> = {
  since: 1,
  domain: 'com.microsoft',
  infer: infer('QuickGelu', 'float'),
  vjp: rule((op, g, { inputs: [x], output, attrs: { alpha } }) => {
    // y = x s, s = sigmoid(a x): dy = s + a y (1 - s).
    const s = op.Sigmoid([alpha === 1 ? x! : op.Mul([x!, alpha])]);
    const bend = op.Mul([output, op.Sub([alpha, alpha === 1 ? s : op.Mul([s, alpha])])]);
    return [op.Mul([g, op.Add([s, bend])])];
  }),
};

export const Clip: Op<OpAttrs['Clip']> = {
  since: 13,
  attrInputs: ['min', 'max'],
  infer: infer('Clip', 'number'),
  /** Passes where nothing was clipped, the bounds included. */
  vjp: rule((op, g, { inputs: [x], output }) => [op.Where([op.Equal([x!, output]), g, 0])]),
};
export const Not: Op<None> = {
  since: 1,
  infer(inputs) {
    const [x] = operands('Not', inputs, 1) as [Value];
    if (x.dtype !== 'bool') throw err.SHAPE('Not', 'truth values', describe(x));
    return [{ dtype: 'bool', shape: x.shape }];
  },
  vjp: { zero: 'a truth value does not vary smoothly' },
};

/** TensorProto.DataType of onnx.proto. */
export const ELEM_TYPE: Readonly<Record<DType, number>> = {
  float32: 1,
  uint8: 2,
  int8: 3,
  int32: 6,
  int64: 7,
  bool: 9,
  float16: 10,
  float64: 11,
  bfloat16: 16,
};
export const Cast: Op<OpAttrs['Cast']> = {
  since: 19,
  encode: ({ to }) => ({ attributes: { to: ELEM_TYPE[to] } }),
  infer(inputs, { to }) {
    const [x] = operands('Cast', inputs, 1) as [Value];
    return [{ dtype: to, shape: x.shape }];
  },
  vjp: rule((op, g, { inputs: [x] }) => [isFloat(x!.dtype) ? op.Cast([g], { to: x!.dtype }) : null]),
};
