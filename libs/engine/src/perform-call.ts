// Calls a node once: gathers its inputs, runs it, holds what it gives against its outputs.
import {
  convertValue,
  isBlocked,
  itemName,
  messageOf,
  port as ports,
  portOf,
  show,
  toProblem,
  type NodeDefinition,
  type NodeOutputs,
  type NodePackage,
  type NodeRun,
  type Port,
  type PortTypes,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { CheckpointKey } from './checkpoint-store.ts';
import { err } from './errors.ts';
import { createExpand } from './expand.ts';
import { openContext, type Progress } from './node-context.ts';
import type { Item } from './nested.ts';
import { freezeData } from './plain-data.ts';
import type { PlannedStep } from './plan-run.ts';
import { resultKey, type InputPart, type KeyParts } from './result-key.ts';
import { StepFailure, type Scope } from './scope.ts';
import type { Result, Step } from './step.ts';

export interface Call {
  readonly item: Item;
  readonly parts: KeyParts;
  readonly key: string;
}

/** Memory of a call that took less is not asked for, s: the asking would take as long. */
const measuredFrom = 0.05;

export interface Called extends Result {
  /** As `NodeIo.peakMemory`; null as well where it took no time worth measuring. */
  readonly memory: number | null;
}
/** Stores the result too, but where it is unfinished or not to be stored. Throws StepFailure. */
export async function performCall(
  scope: Scope,
  types: PortTypes,
  step: Step,
  { item, parts, key }: Call,
  progress: Progress,
): Promise<Called> {
  const { document, host, control, signal, provider, emit, cache, turn } = scope;
  const { id: node, definition } = step;
  const where = [`node ${node} (${definition.type})`, ...(item.place.length === 0 ? [] : [`item ${itemName(item.place)}`])];
  const at = { node, ...(item.place.length > 0 && { item: item.place }) };
  const begun = performance.now();
  let inputs: Readonly<Record<string, unknown>> = {};
  let outputs: NodeOutputs;
  let peakMemory: () => number | null;
  let unfinished = unfinishedInput(step);
  let asked: CheckpointKey | undefined;
  const checkpointKey = () => (asked ??= checkpointKeyOf({ parts, definition }, step.feeds));
  const worked = () => control.at(definition.stops ? { onStop: () => emit({ type: 'run_stopping', node }) } : null);
  if (!definition.waits) await turn.take();
  try {
    inputs = gatherInputs(types, step, parts, item);
    const run = await loadRun(step.package);
    const expand = createExpand(scope, step, item, { onDone: worked, onUnfinished: (why) => (unfinished ??= why) });
    const opened = openContext({ node, graph: document, host, control, signal, provider, checkpointKey, progress, expand, emit });
    if (!definition.waits) worked();
    outputs = checkOutputs(types, step, await run(inputs, opened.context).finally(opened.close));
    peakMemory = opened.peakMemory;
    unfinished = opened.unfinished() ?? unfinished;
  } catch (error) {
    if (error instanceof PortFailure) throw new StepFailure([toProblem(error.cause.at(...where), { ...at, port: error.port })]);
    if (error instanceof CodedError) throw new StepFailure([toProblem(error.at(...where), at)]);
    if (!signal.aborted && error instanceof Error && error.stack !== undefined)
      emit({ type: 'node_log', node, level: 'warn', message: error.stack });
    const shown = Object.entries(inputs)
      .map(([name, value]) => `${name} ${show(value)}`)
      .join(', ');
    throw new StepFailure([toProblem(err.NODE_FAILED(messageOf(error), shown || 'none').at(...where), at)]);
  } finally {
    if (!definition.waits) {
      control.at(null);
      turn.give();
    }
  }
  const seconds = (performance.now() - begun) / 1000;
  const memory = seconds < measuredFrom ? null : peakMemory();
  if (unfinished === undefined) host.spent?.({ parts, seconds, memory, provider }, definition);
  await storing(scope, node, async () => {
    // What was stopped early is not what its key says, and nor is what is made from it.
    if (unfinished !== undefined) return;
    if (definition.effects !== 'writes') await cache.set(key, { parts, outputs, seconds });
    // A node that did not ask for its checkpoint has none.
    if (asked && definition.extends === undefined) await host.checkpoints.remove(asked);
  });
  return { outputs, memory, ...(unfinished !== undefined && { unfinished }) };
}

/** A full disk must not throw away what an hour of training gave: the run goes on with the result in memory. */
export async function storing({ emit }: Scope, node: string, store: () => Promise<void>): Promise<void> {
  try {
    await store();
  } catch (error) {
    emit({ type: 'node_log', node, level: 'warn', message: `result: expected to store it for later runs, got ${messageOf(error)}` });
  }
}

/** What is said of outputs that were made from unfinished ones. */
export function unfinishedInput({ keyed, feeds }: Step): string | undefined {
  for (const name of Object.keys(keyed!.parts.inputs)) {
    const from = feeds.get(name)?.from;
    if (from?.result?.unfinished !== undefined) return `made from what node ${from.id} had when it was stopped`;
  }
  return undefined;
}

/** Where the unfinished work of a step is kept. An unfinished input counts by what it holds, since its key says what it would have become; before a run there is none. */
export function checkpointKeyOf({ parts, definition }: Pick<PlannedStep, 'parts' | 'definition'>, feeds?: Step['feeds']): CheckpointKey {
  const inputs = Object.entries(parts.inputs).map(([name, part]): [string, InputPart] => {
    const from = 'key' in part ? feeds?.get(name)?.from.result : undefined;
    return [name, from?.unfinished !== undefined && 'key' in part ? { value: from.outputs[part.output] } : part];
  });
  const keyOf = (some: typeof inputs) => resultKey({ ...parts, inputs: Object.fromEntries(some) });
  return { own: keyOf(inputs), family: keyOf(inputs.filter(([name]) => !definition.extends?.includes(name))) };
}

/** A coded error that belongs to one port of the node. */
class PortFailure extends Error {
  readonly port: string;
  override readonly cause: CodedError;
  constructor(port: string, cause: CodedError) {
    super(cause.message);
    this.port = port;
    this.cause = cause;
  }
}
function onPort<T>(side: 'input' | 'output', port: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw error instanceof CodedError ? new PortFailure(port, error.at(`${side} ${port}`)) : error;
  }
}

/** What the node gets: typed values as planned, linked ones converted, checked and frozen. */
function gatherInputs(
  types: PortTypes,
  { id, definition, feeds, values }: Step,
  parts: KeyParts,
  item: Item,
): Readonly<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for (const name of Object.keys(parts.inputs))
    inputs[name] = onPort('input', name, () => {
      const feed = feeds.get(name);
      if (!feed) return values[name];
      const to = definition.inputs[name]!;
      const [given, taken] = [types.output(feed.from.id, feed.output), types.input(id, name)];
      const convert = (value: unknown) => convertValue(given, taken, value);
      const value = item.values[name];
      return freezeData(to.check(to.many ? (value as readonly unknown[]).map(convert) : convert(value)), name);
    });
  return Object.freeze(inputs);
}

async function loadRun({ load }: NodePackage): Promise<NodeRun<NodeDefinition>> {
  const module = await load().catch((error: unknown) => {
    throw err.LOAD_FAILED(messageOf(error));
  });
  if (typeof module.run !== 'function') throw err.LOAD_FAILED(`one with ${Object.keys(module).join(', ') || 'nothing'}`);
  return module.run;
}

/** What the node gave, held against its output ports: all there, nothing else, each as declared or blocked, frozen. */
function checkOutputs(types: PortTypes, { id, definition }: Step, given: unknown): NodeOutputs {
  const names = Object.keys(definition.outputs);
  if (typeof given !== 'object' || given === null) throw err.NOT_OUTPUTS(names, show(given));
  const stray = Object.keys(given).filter((name) => !names.includes(name));
  if (stray.length > 0) throw err.NOT_OUTPUTS(names, `also ${stray.join(', ')}`);
  const outputs: Record<string, unknown> = {};
  for (const name of names) {
    const value = (given as NodeOutputs)[name];
    const checked: unknown = onPort('output', name, () =>
      freezeData(isBlocked(value) ? value : inGraph(types, id, name, definition).check(value), name),
    );
    if (checked !== undefined) outputs[name] = checked;
  }
  return Object.freeze(outputs);
}
/** An output port with the type that its variable has in this graph. */
function inGraph(types: PortTypes, node: string, name: string, { outputs }: NodeDefinition): Port<unknown> {
  const port = outputs[name]!;
  if (port.type.kind !== 'same') return port;
  const known = portOf(types.output(node, name));
  const whole = port.each ? ports.each(known) : known;
  return port.optional ? ports.optional(whole) : whole;
}
