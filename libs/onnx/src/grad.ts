// Reverse-mode differentiation: a graph in, a graph of gradients out.
import { sizeOf } from '@facewright/tensor';
import { op } from './builder.ts';
import { err, type Op } from './op.ts';
import { ops } from './ops/index.ts';
import { broadcast, describe, isFloat, sameShape } from './shapes.ts';
import { stopsGradient } from './stop-gradient.ts';
import { inOrder } from './traverse.ts';
import type { GraphNode, Shape, Value } from './value.ts';

const definition = (node: GraphNode) => ops[node.op as keyof typeof ops] as Op<object>;

/** Brings a cotangent to the shape of what was broadcast in the forward pass; done here once, so that no rule does it. */
function toShape(g: Value, shape: Shape): Value {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes = g.shape.flatMap((size, axis) => (axis < lead || (shape[axis - lead] === 1 && size !== 1) ? [axis] : []));
  const rows = sizeOf(g.shape.slice(0, lead));
  // Sums over leading axes, as biases have them, are a product with a row of ones: 3 times as fast as ReduceSum on the CPU.
  if (lead > 0 && axes.length === lead && shape.length > 0 && rows > 1) {
    const ones = op.Expand([op.Cast([1], { to: g.dtype })], { shape: [1, rows] });
    return op.Reshape([op.Gemm([ones, op.Reshape([g], { shape: [rows, sizeOf(shape)] })])], { shape });
  }
  const summed = axes.length ? op.ReduceSum([g], { axes }) : g;
  const trimmed = lead > 0 ? op.Reshape([summed], { shape: summed.shape.slice(lead) }) : summed;
  return sameShape(trimmed.shape, shape) ? trimmed : op.Expand([trimmed], { shape: broadcast('cotangent', trimmed.shape, shape) });
}

const filled = (value: number, { dtype, shape }: Value): Value => {
  const one = op.Cast([value], { to: dtype });
  return shape.length ? op.Expand([one], { shape }) : one;
};

/** As `grad`, with null where `y` does not depend on an x. */
export function gradientsOrNull(y: Value, xs: readonly Value[], seed?: Value): (Value | null)[] {
  if (seed ? seed.dtype !== y.dtype || !sameShape(seed.shape, y.shape) : sizeOf(y.shape) !== 1) {
    throw err.SEED(seed ? describe(y) : 'one, or a result of one element', seed ? describe(seed) : `none for ${describe(y)}`);
  }
  const order = inOrder([y]);
  const wanted = new Set(xs);
  const onPath = new Set<Value>();
  const nodes: GraphNode[] = [];
  const seen = new Set<GraphNode>();
  for (const value of order) {
    const { source } = value;
    if (source.kind === 'node' && !seen.has(source.node)) {
      seen.add(source.node);
      nodes.push(source.node);
    }
    const carries = () => {
      if (source.kind !== 'node' || stopsGradient(source.node)) return false;
      const { vjp } = definition(source.node);
      return (typeof vjp === 'function' || !('zero' in vjp)) && source.node.inputs.some((operand) => operand && onPath.has(operand));
    };
    // An integer or a truth value does not vary smoothly, so nothing flows through one.
    if (isFloat(value.dtype) && (wanted.has(value) || carries())) onPath.add(value);
  }

  const cotangents = new Map<Value, Value>([[y, seed ?? filled(1, y)]]);
  // A node comes up where its first output stands in the order: every use of any of its outputs stands later and is done by then.
  for (const node of nodes.reverse()) {
    if (stopsGradient(node) || !node.inputs.some((operand) => operand && onPath.has(operand))) continue;
    const arrived = node.outputs.map((output) => cotangents.get(output) ?? null);
    if (arrived.every((g) => g === null)) continue;
    const { vjp } = definition(node);
    if (typeof vjp !== 'function') {
      if ('zero' in vjp) continue;
      throw err.NO_GRADIENT(node.op, vjp.unwritten);
    }
    vjp(op, arrived, node).forEach((g, index) => {
      const operand = node.inputs[index];
      if (!g || !operand || !onPath.has(operand)) return;
      const part = toShape(g, operand.shape);
      const sum = cotangents.get(operand);
      cotangents.set(operand, sum ? op.Add([sum, part]) : part);
    });
  }
  return xs.map((x) => cotangents.get(x) ?? null);
}

/**
 * The gradient of `seed · y` by every x, as a graph: reverse mode. Without a seed y must have one element. An x on which y does not depend
 * gets zeros. Throws ONNX_NO_GRADIENT with the operator and the reason, ONNX_SEED when the seed does not fit.
 */
export const grad = (y: Value, xs: readonly Value[], seed?: Value): Value[] =>
  gradientsOrNull(y, xs, seed).map((g, index) => g ?? filled(0, xs[index]!));
