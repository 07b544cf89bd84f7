// Whether the state that a session shall keep fits its graph.
import type { RunnableModel, SessionState } from '@facewright/tensor';
import { checkTensor } from './check-feeds.ts';
import { err } from './errors.ts';
import { canCross } from './ort-tensor.ts';

/** Throws RUNTIME_STATE with everything that does not fit: unknown names, an output of another type or shape than its input, an initial value that is neither. */
export function checkState(model: RunnableModel, state: readonly SessionState[]): void {
  const problems: string[] = [];
  for (const { input, output, initial } of state) {
    const from = model.outputs.find(({ name }) => name === output);
    const to = model.inputs.find(({ name }) => name === input);
    if (!to) problems.push(`state ${input}: expected an input of the graph, got an unknown name`);
    if (!from) problems.push(`state ${input}: expected an output of the graph to follow, got the unknown name ${output}`);
    if (to) problems.push(...checkTensor(`state ${input}`, to, initial));
    if (to && from && (to.dtype !== from.dtype || to.shape.join() !== from.shape.join()))
      problems.push(
        `state ${input}: expected output ${output} to be ${to.dtype} [${to.shape.join(', ')}], got ${from.dtype} [${from.shape.join(', ')}]`,
      );
  }
  for (const side of ['input', 'output'] as const) {
    const seen = state.map((entry) => entry[side]);
    for (const name of new Set(seen.filter((name, i) => seen.indexOf(name) !== i)))
      problems.push(`state: expected ${side} ${name} once, got it several times`);
  }
  for (const { name, dtype } of [...model.inputs, ...model.outputs])
    if (!canCross(dtype)) problems.push(`${name}: expected a type that onnxruntime-node can feed and fetch, got ${dtype}`);
  if (problems.length) throw err.STATE(problems);
}
