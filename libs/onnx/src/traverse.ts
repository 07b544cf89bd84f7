// The order in which a graph can be computed.
import type { Value } from './value.ts';

/** Every value that `outputs` depend on, each after all that it depends on. Iterative: graphs are deeper than the call stack. */
export function inOrder(outputs: readonly Value[]): Value[] {
  const order: Value[] = [];
  const seen = new Set<Value>();
  const stack: { readonly value: Value; next: number }[] = [];
  const enter = (value: Value) => {
    if (seen.has(value)) return;
    seen.add(value);
    stack.push({ value, next: 0 });
  };
  for (const output of outputs) {
    enter(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const { source } = top.value;
      const inputs = source.kind === 'node' ? source.node.inputs : [];
      if (top.next === inputs.length) {
        order.push(top.value);
        stack.pop();
        continue;
      }
      const operand = inputs[top.next++];
      if (operand) enter(operand);
    }
  }
  return order;
}
