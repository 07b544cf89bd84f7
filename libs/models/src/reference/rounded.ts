// What a device with float16 and exact sums computes, on a provider that computes in float32.
import { op, type Value } from '@facewright/onnx';

/**
 * The graph with every float16 operator computed in float32 from float16 operands and its result rounded to float16: what a device with exact sums does. The
 * CPU provider by itself has few float16 kernels, computes the rest in float32 and leaves out the roundings in between.
 */
export function rounded(outputs: Readonly<Record<string, Value>>): Readonly<Record<string, Value>> {
  const known = new Map<Value, Value>();
  const visit = (value: Value): Value => {
    const { source } = value;
    if (source.kind !== 'node') return value;
    const before = known.get(value);
    if (before) return before;
    const { node } = source;
    const inputs = node.inputs.map((operand) => operand && visit(operand));
    const half = node.op !== 'Cast' && value.dtype === 'float16';
    const wide = half ? inputs.map((x) => (x?.dtype === 'float16' ? op.Cast([x], { to: 'float32' }) : x)) : inputs;
    const result: Value | readonly Value[] = op[node.op as 'Add'](wide, node.attrs);
    for (const [i, y] of [result].flat().entries()) known.set(node.outputs[i]!, half ? op.Cast([y], { to: 'float16' }) : y);
    return known.get(value)!;
  };
  return Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, visit(value)]));
}
