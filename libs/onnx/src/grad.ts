// Reverse-mode differentiation: a graph in, a graph of gradients out.
import { sizeOf } from '@facewright/tensor';
import { op } from './builder.ts';
import { err, type Op } from './op.ts';
import { ops } from './ops/index.ts';
import { broadcast, describe, isFloat, sameShape } from './shapes.ts';
import { bytesOfAll, keptValues } from './kept-values.ts';
import { Replay, segmentsOf } from './recompute.ts';
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

export interface GradientOptions {
  /**
   * Bytes of activations that may stay from the forward pass until the pass back. Where they would be more, only a part stays and the rest is run again, segment by
   * segment, when its gradients are due: less memory for the time of another forward pass. Default Infinity.
   */
  readonly keep?: number;
}

/** As `grad`, with null where `y` does not depend on an x. */
export function gradientsOrNull(y: Value, xs: readonly Value[], seed?: Value, { keep = Infinity }: GradientOptions = {}): (Value | null)[] {
  if (seed ? seed.dtype !== y.dtype || !sameShape(seed.shape, y.shape) : sizeOf(y.shape) !== 1) {
    throw err.SEED(seed ? describe(y) : 'one, or a result of one element', seed ? describe(seed) : `none for ${describe(y)}`);
  }
  const path = pathOf(y, xs);
  const whole = passBack(y, xs, seed, path);
  if (keep === Infinity) return whole;
  const kept = keptValues(
    y,
    whole.filter((g) => g !== null),
  );
  return bytesOfAll(kept) > keep ? passBack(y, xs, seed, path, segmentsOf(path.nodes, kept)) : whole;
}

interface Path {
  /** Values through which y depends on an x. */
  readonly values: ReadonlySet<Value>;
  /** Nodes that have one as an operand, in the order in which they run. */
  readonly nodes: readonly GraphNode[];
}

function pathOf(y: Value, xs: readonly Value[]): Path {
  const wanted = new Set(xs);
  const values = new Set<Value>();
  const nodes = new Set<GraphNode>();
  for (const value of inOrder([y])) {
    const { source } = value;
    const carries = () => {
      if (source.kind !== 'node' || stopsGradient(source.node)) return false;
      const { vjp } = definition(source.node);
      return (typeof vjp === 'function' || !('zero' in vjp)) && source.node.inputs.some((operand) => operand && values.has(operand));
    };
    // An integer or a truth value does not vary smoothly, so nothing flows through one.
    if (isFloat(value.dtype) && (wanted.has(value) || carries())) values.add(value);
    if (source.kind === 'node' && !stopsGradient(source.node) && source.node.inputs.some((operand) => operand && values.has(operand)))
      nodes.add(source.node);
  }
  return { values, nodes: [...nodes] };
}

/** `segments` has the number of the segment of each node of the path; those before the last are run again. */
function passBack(y: Value, xs: readonly Value[], seed: Value | undefined, path: Path, segments?: readonly number[]): (Value | null)[] {
  const cotangents = new Map<Value, Value>([[y, seed ?? filled(1, y)]]);
  const wanted = new Set(xs);
  let replay: Replay | null = null;
  let current = segments?.at(-1) ?? 0;
  /** Gradients that the segment before added to. */
  let touched = new Set<Value>();
  // A node comes up where its first output stands in the order: every use of any of its outputs stands later and is done by then.
  for (let index = path.nodes.length - 1; index >= 0; index--) {
    const node = path.nodes[index]!;
    const arrived = node.outputs.map((output) => cotangents.get(output) ?? null);
    if (arrived.every((g) => g === null)) continue;
    const { vjp } = definition(node);
    if (typeof vjp !== 'function') {
      if ('zero' in vjp) continue;
      throw err.NO_GRADIENT(node.op, vjp.unwritten);
    }
    const segment = segments?.[index] ?? 0;
    if (segment !== current) {
      const members = new Set(path.nodes.filter((_, at) => segments![at] === segment));
      const due = [...arrived.filter((g) => g !== null), ...[...touched].map((x) => cotangents.get(x)!)];
      replay = new Replay(members, (value) => path.values.has(value), due);
      current = segment;
      touched = new Set();
    }
    const run = replay ? replay.node(node) : node;
    vjp(op, arrived, run).forEach((g, place) => {
      const operand = node.inputs[place];
      if (!g || !operand || !path.values.has(operand)) return;
      const part = toShape(g, operand.shape);
      const sum = cotangents.get(operand);
      cotangents.set(operand, sum ? op.Add([sum, part]) : part);
      if (wanted.has(operand)) touched.add(operand);
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
