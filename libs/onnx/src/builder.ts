// Applies operators: operands in, a value with inferred shape and element type out. Nothing is computed.
import type { DType, Tensor } from '@facewright/tensor';
import { err, type Builder, type Op, type Operand } from './op.ts';
import { ops } from './ops/index.ts';
import { constant } from './source.ts';
import type { GraphNode, Value } from './value.ts';

function scalarOf(op: string, value: number, dtype: DType): Value {
  const of = (data: Tensor['data'], type: DType) => constant({ dtype: type, dims: [], data } as Tensor);
  switch (dtype) {
    case 'float64':
      return of(Float64Array.of(value), dtype);
    case 'int64':
      return of(BigInt64Array.of(BigInt(value)), dtype);
    case 'int32':
      return of(Int32Array.of(value), dtype);
    case 'float32':
      return of(Float32Array.of(value), dtype);
    case 'float16':
      return of(new Uint16Array(Float16Array.of(value).buffer), dtype);
    case 'bfloat16':
      return apply('Cast', [of(Float32Array.of(value), 'float32')], { to: dtype })[0]!;
    default:
      throw err.SHAPE(op, 'a number beside operands of a numeric type', dtype);
  }
}

function apply(name: string, operands: readonly (Operand | null)[], attrs: Readonly<Record<string, unknown>>): readonly Value[] {
  const beside = operands.find((value) => value !== null && typeof value === 'object' && value.dtype !== 'bool') as Value | undefined;
  const inputs = operands.map((value) => (typeof value === 'number' ? scalarOf(name, value, beside?.dtype ?? 'float32') : value));
  const outputs: Value[] = [];
  const node: GraphNode = { op: name, inputs, attrs, outputs };
  const { infer } = ops[name as keyof typeof ops] as Op<object>;
  infer(inputs, attrs).forEach(({ dtype, shape }, index) => outputs.push({ dtype, shape, source: { kind: 'node', node, index } }));
  return outputs;
}

/** One function per operator of the schema: `op.Conv([x, weight, bias], { pads: [1, 1, 1, 1] })`. Throws ONNX_SHAPE when the operands do not fit. */
export const op = Object.fromEntries(
  Object.keys(ops).map((name) => [
    name,
    (operands: readonly (Operand | null)[], attrs: Readonly<Record<string, unknown>> = {}) => {
      const outputs = apply(name, operands, attrs);
      return name === 'Split' ? outputs : outputs[0]!;
    },
  ]),
) as unknown as Builder;
