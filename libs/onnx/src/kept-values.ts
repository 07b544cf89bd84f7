// What a backward pass keeps of a forward pass, in bytes.
import { byteSize, sizeOf } from '@facewright/tensor';
import { inOrder } from './traverse.ts';
import type { GraphNode, Value } from './value.ts';

/** Operators whose result is the memory of their first operand. */
const VIEWS: ReadonlySet<string> = new Set(['Reshape', 'Identity', 'Unsqueeze', 'Squeeze']);

/** The value whose memory a value is. */
export function baseOf(value: Value): Value {
  let base = value;
  while (base.source.kind === 'node' && VIEWS.has(base.source.node.op)) base = base.source.node.inputs[0]!;
  return base;
}
export const bytesOf = ({ dtype, shape }: Value): number => sizeOf(shape) * byteSize(dtype);

/** Values of the forward pass to `y` that the graph of `gradients` reads, each as the value whose memory it is; parameters, inputs and constants left out. */
export function keptValues(y: Value, gradients: readonly Value[]): Set<Value> {
  const forward = new Set(inOrder([y]));
  const kept = new Set<Value>();
  const seen = new Set<GraphNode>();
  for (const { source } of inOrder(gradients)) {
    if (source.kind !== 'node' || seen.has(source.node)) continue;
    seen.add(source.node);
    if (source.node.outputs.some((output) => forward.has(output))) continue;
    for (const operand of source.node.inputs) {
      if (!operand || !forward.has(operand)) continue;
      const base = baseOf(operand);
      if (base.source.kind === 'node') kept.add(base);
    }
  }
  return kept;
}

export const bytesOfAll = (values: Iterable<Value>): number => [...values].reduce((sum, value) => sum + bytesOf(value), 0);
