// Recomputation (gradient checkpointing; Chen et al. 2016, arXiv 1604.06174): the forward pass in segments, of which only what crosses between them is kept, and each is run again when its gradients are due.
import { op } from './builder.ts';
import { zeroAfter } from './after.ts';
import { baseOf, bytesOf } from './kept-values.ts';
import type { GraphNode, Value } from './value.ts';

/** How many sizes of segments are tried. */
const TRIES = 40;

/**
 * Cuts nodes, in the order in which they run, into segments: for each the number of its segment, from 0. `kept` are the values that the pass back reads. The cuts
 * are where least crosses, and the size of segments is that at which what crosses and the largest segment together are smallest.
 */
export function segmentsOf(nodes: readonly GraphNode[], kept: ReadonlySet<Value>): number[] {
  const own = nodes.map(({ outputs }) => outputs.reduce((sum, output) => sum + (kept.has(output) ? bytesOf(output) : 0), 0));
  // Where values are made and last read: what is live between two nodes.
  const made = new Map<Value, number>();
  const lastRead = new Map<Value, number>();
  nodes.forEach(({ inputs, outputs }, index) => {
    for (const output of outputs) if (baseOf(output) === output) made.set(output, index);
    for (const operand of inputs) if (operand && made.has(baseOf(operand))) lastRead.set(baseOf(operand), index);
  });
  const live = new Float64Array(nodes.length + 1);
  for (const [value, to] of lastRead) {
    const from = made.get(value)!;
    live[from + 1]! += bytesOf(value);
    live[to + 1]! -= bytesOf(value);
  }
  for (let at = 1; at <= nodes.length; at++) live[at]! += live[at - 1]!;

  const total = own.reduce((sum, bytes) => sum + bytes, 0);
  let best = { cuts: [] as number[], bytes: total };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const cuts = cutsAt(own, live, total * 0.9 ** (attempt + 1));
    const bytes = heldWith(cuts, own, made, lastRead);
    if (bytes < best.bytes) best = { cuts, bytes };
  }
  let segment = 0;
  return nodes.map((_, index) => (index === best.cuts[segment] ? ++segment : segment));
}

/** Places before which to cut so that no segment keeps much more than `most`: each where least is live, in the later half of the segment. */
function cutsAt(own: readonly number[], live: Float64Array, most: number): number[] {
  const cuts: number[] = [];
  let start = 0;
  while (start < own.length) {
    let sum = 0;
    let place = -1;
    let index = start;
    for (; index < own.length && sum + own[index]! <= most; index++) {
      sum += own[index]!;
      if (sum >= most / 2 && (place < 0 || live[index + 1]! <= live[place]!)) place = index + 1;
    }
    if (index >= own.length) break;
    // A node that keeps more than a segment may is one of its own.
    const cut = Math.max(place, start + 1);
    cuts.push(cut);
    start = cut;
  }
  return cuts;
}

/** Bytes of what crosses any cut, and of the largest segment. */
function heldWith(
  cuts: readonly number[],
  own: readonly number[],
  made: ReadonlyMap<Value, number>,
  lastRead: ReadonlyMap<Value, number>,
): number {
  const segmentAt = (index: number) => cuts.filter((cut) => cut <= index).length;
  const sums = new Array<number>(cuts.length + 1).fill(0);
  own.forEach((bytes, index) => (sums[segmentAt(index)]! += bytes));
  let crossing = 0;
  for (const [value, to] of lastRead) if (segmentAt(made.get(value)!) !== segmentAt(to)) crossing += bytesOf(value);
  return crossing + Math.max(...sums);
}

/** Nodes of one segment anew. */
export class Replay {
  readonly #members: ReadonlySet<GraphNode>;
  readonly #tied: (value: Value) => boolean;
  readonly #due: readonly Value[];
  readonly #nodes = new Map<GraphNode, GraphNode>();
  readonly #crossing = new Map<Value, Value>();
  #zero: Value | undefined;

  /**
   * Values from outside that are `tied` are read only when all of `due` are there: without that onnxruntime would take the copies for what they copy, or run them before
   * they are needed. Each member must depend on one that is tied.
   */
  constructor(members: ReadonlySet<GraphNode>, tied: (value: Value) => boolean, due: readonly Value[]) {
    this.#members = members;
    this.#tied = tied;
    this.#due = due;
  }

  node(node: GraphNode): GraphNode {
    // Iterative: segments are deeper than the call stack.
    const stack = [node];
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const missing = top.inputs.flatMap((operand) => {
        const source = operand?.source;
        return source?.kind === 'node' && this.#members.has(source.node) && !this.#nodes.has(source.node) ? [source.node] : [];
      });
      if (missing.length) {
        stack.push(...missing);
        continue;
      }
      stack.pop();
      if (!this.#nodes.has(top)) this.#nodes.set(top, this.#copy(top));
    }
    return this.#nodes.get(node)!;
  }

  #copy(node: GraphNode): GraphNode {
    const outputs: Value[] = [];
    const copy: GraphNode = { ...node, inputs: node.inputs.map((operand) => operand && this.#value(operand)), outputs };
    node.outputs.forEach(({ dtype, shape }, index) => outputs.push({ dtype, shape, source: { kind: 'node', node: copy, index } }));
    return copy;
  }

  #value(value: Value): Value {
    const { source } = value;
    if (source.kind !== 'node') return value;
    if (this.#members.has(source.node)) return this.#nodes.get(source.node)!.outputs[source.index]!;
    if (!this.#tied(value)) return value;
    const known = this.#crossing.get(value);
    if (known) return known;
    this.#zero ??= zeroAfter(op, this.#due, value.dtype);
    const zero = this.#zero.dtype === value.dtype ? this.#zero : op.Cast([this.#zero], { to: value.dtype });
    const tied = op.Add([value, value.shape.length === 0 ? op.Reshape([zero], { shape: [] }) : zero]);
    this.#crossing.set(value, tied);
    return tied;
  }
}
