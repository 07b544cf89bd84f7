// Broadcasting operators of two operands: arithmetic, comparison, choice.
import type { Inferred, Op, Vjp } from '../op.ts';
import { broadcast, describe, operand, operands, rule } from '../shapes.ts';
import { err } from '../op.ts';
import type { Value } from '../value.ts';

type None = Record<never, never>;

const binary = (name: string, since: number, vjp: Op<None>['vjp']): Op<None> => ({
  since,
  infer(inputs): Inferred[] {
    const [a, b] = operands(name, inputs, 2) as [Value, Value];
    if (a.dtype === 'bool') throw err.SHAPE(name, 'numbers', describe(a));
    return [{ dtype: a.dtype, shape: broadcast(name, a.shape, b.shape) }];
  },
  vjp,
});
const comparison = (name: string, since: number): Op<None> => ({
  since,
  infer(inputs): Inferred[] {
    const [a, b] = operands(name, inputs, 2) as [Value, Value];
    return [{ dtype: 'bool', shape: broadcast(name, a.shape, b.shape) }];
  },
  vjp: { zero: 'a truth value does not vary smoothly' },
});

export const Add = binary(
  'Add',
  14,
  rule((_, g) => [g, g]),
);
export const Sub = binary(
  'Sub',
  14,
  rule((op, g) => [g, op.Neg([g])]),
);
export const Mul = binary(
  'Mul',
  14,
  rule((op, g, { inputs: [a, b] }) => [op.Mul([g, b!]), op.Mul([g, a!])]),
);
export const Div = binary(
  'Div',
  14,
  rule((op, g, { inputs: [, b], output }) => {
    const quotient = op.Div([g, b!]);
    return [quotient, op.Neg([op.Mul([quotient, output])])];
  }),
);
/** The gradient of the exponent exists for positive bases only, as log(base) does. */
export const Pow = binary(
  'Pow',
  15,
  rule((op, g, { inputs: [base, exponent], output }) => [
    op.Mul([g, op.Mul([exponent!, op.Pow([base!, op.Sub([exponent!, 1])])])]),
    op.Mul([g, op.Mul([output, op.Log([base!])])]),
  ]),
);

/** Where both are equal the gradient goes to the second operand. */
const pick = (comparator: 'Greater' | 'Less'): Vjp<None> =>
  rule((op, g, { inputs: [a, b] }) => {
    const chosen = op[comparator]([a!, b!]);
    return [op.Where([chosen, g, 0]), op.Where([chosen, 0, g])];
  });
export const Max = binary('Max', 13, pick('Greater'));
export const Min = binary('Min', 13, pick('Less'));

export const Equal = comparison('Equal', 19);
export const Greater = comparison('Greater', 13);
export const Less = comparison('Less', 13);
export const And: Op<None> = {
  since: 7,
  infer(inputs) {
    const [a, b] = operands('And', inputs, 2) as [Value, Value];
    if (a.dtype !== 'bool') throw err.SHAPE('And', 'truth values', describe(a));
    return [{ dtype: 'bool', shape: broadcast('And', a.shape, b.shape) }];
  },
  vjp: { zero: 'a truth value does not vary smoothly' },
};

export const Where: Op<None> = {
  since: 16,
  infer(inputs) {
    const condition = operand('Where', inputs, 0);
    const [a, b] = operands('Where', inputs.slice(1), 2) as [Value, Value];
    if (condition.dtype !== 'bool') throw err.SHAPE('Where', 'a condition of truth values', describe(condition));
    return [{ dtype: a.dtype, shape: broadcast('Where', condition.shape, broadcast('Where', a.shape, b.shape)) }];
  },
  vjp: rule((op, g, { inputs: [condition] }) => [null, op.Where([condition!, g, 0]), op.Where([condition!, 0, g])]),
};
