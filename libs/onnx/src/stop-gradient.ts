// A mark on the graph that gradients do not cross.
import { op } from './builder.ts';
import type { GraphNode, Value } from './value.ts';

const stopped = new WeakSet<GraphNode>();

/** The same value, taken as a constant by `grad`. An Identity at most at run time, which onnxruntime removes. */
export function stopGradient(x: Value): Value {
  const value = op.Identity([x]);
  if (value.source.kind === 'node') stopped.add(value.source.node);
  return value;
}
export const stopsGradient = (node: GraphNode): boolean => stopped.has(node);
