// Carries a graph out: validates, plans, runs what has no stored result, and tells every step as an event.
import {
  convertValue,
  messageOf,
  prepareGraph,
  show,
  toProblem,
  type Catalogue,
  type Graph,
  type NodeDefinition,
  type NodeOutputs,
  type NodePackage,
  type NodeRun,
  type Problem,
  type RunEventBody,
} from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import type { CheckpointKey } from './checkpoint-store.ts';
import { err } from './errors.ts';
import type { EngineHost } from './host.ts';
import { openContext, waitWhilePaused } from './node-context.ts';
import { freezeData } from './plain-data.ts';
import { planRun, toPlanStep, type Plan, type PlannedStep, type PlanRequest } from './plan-run.ts';
import { resultKey, type InputPart } from './result-key.ts';
import { createRunControl, type GatedControl, type RunControl } from './run-control.ts';

export interface RunRequest extends Omit<PlanRequest, 'host'> {
  /** As saved: migrated and validated here. */
  readonly graph: Graph;
  readonly host: EngineHost;
  /** Cancels between the steps of a node that looks at its signal, else when the node ends. */
  readonly signal: AbortSignal;
  /** From createRunControl; without it the run is never paused or told to stop. */
  readonly control?: RunControl;
  /** The host numbers, stamps and stores events. */
  emit(event: RunEventBody): void;
}
export type TerminalEvent = Extract<RunEventBody, { readonly type: 'run_succeeded' | 'run_failed' | 'run_cancelled' }>;

/** Microtasks alone would never let a cancel request in; a macrotask this often does and costs nothing. */
const breatheMs = 25;

/** Memory of a node that took less is not asked for, s: the asking would take as long. */
const measuredFrom = 0.05;

/**
 * Emits run_started, the events of nodes, and exactly one terminal event, which it also returns. Never rejects for what nodes or stores do. Stops at the first node that
 * fails; results until then stay stored. A cancel that comes after the last node has finished is too late, and the run succeeds.
 */
export async function executeRun(request: RunRequest): Promise<TerminalEvent> {
  const { emit, signal } = request;
  let terminal: TerminalEvent;
  try {
    terminal = await carryOut(request);
  } catch (error) {
    terminal = signal.aborted
      ? { type: 'run_cancelled' }
      : { type: 'run_failed', problems: [toProblem(error instanceof CodedError ? error : err.RUN_FAILED(messageOf(error)))] };
  }
  emit(terminal);
  return terminal;
}

async function carryOut(request: RunRequest): Promise<TerminalEvent> {
  const { catalogue, signal, emit, provider } = request;
  const begun = performance.now();
  const { graph, targets, problems } = prepareGraph(request.graph, catalogue, request);
  if (problems.length > 0) return { type: 'run_failed', problems };
  const plan = await planRun({ ...request, graph, targets });
  emit({ type: 'run_started', plan: plan.steps.map(toPlanStep), provider });

  const results: Results = new Map();
  const control = (request.control ?? createRunControl()) as GatedControl;
  // Stored results first: the editor shows all of them at once, whatever takes long.
  for (const step of plan.steps) if (step.stored) await keepCached(request, graph, results, step, { outputs: step.stored.outputs });

  let breath = performance.now();
  for (const step of plan.steps) {
    if (step.stored) continue;
    if (performance.now() - breath > breatheMs) {
      await new Promise((resolve) => setTimeout(resolve));
      breath = performance.now();
    }
    if (signal.aborted) return { type: 'run_cancelled' };
    await waitWhilePaused({ node: step.node, control, signal, emit });
    if (step.sameAs !== undefined) {
      await keepCached(request, graph, results, step, results.get(step.sameAs)!);
      continue;
    }
    const problem = await runStep(request, control, graph, results, step);
    if (problem) {
      // Whatever a node throws once it is told to stop, it was stopped.
      if (signal.aborted) return { type: 'run_cancelled' };
      emit({ type: 'node_failed', node: step.node, problem });
      return { type: 'run_failed', problems: [problem] };
    }
  }
  return { type: 'run_succeeded', outputs: outputsOf(plan, results), seconds: (performance.now() - begun) / 1000 };
}

interface Result {
  readonly outputs: NodeOutputs;
  /** Why the outputs are not what the node's key says. */
  readonly unfinished?: string;
}
type Results = Map<string, Result>;

const outputsOf = ({ targets }: Plan, results: Results): Record<string, NodeOutputs> =>
  Object.fromEntries(targets.map((id) => [id, results.get(id)!.outputs]));

async function keepCached(
  { emit, history }: RunRequest,
  graph: Graph,
  results: Results,
  { node, reason, parts }: PlannedStep,
  { outputs, unfinished }: Result,
) {
  results.set(node, { outputs: freezeData(outputs, 'outputs'), ...(unfinished !== undefined && { unfinished }) });
  await history.set(graph.name, node, { ...parts, ...(unfinished !== undefined && { unfinished }) });
  emit({ type: 'node_cached', node, outputs, reason });
}

/** Runs one node; gives the problem when it failed. */
async function runStep(
  { graph: submitted, catalogue, cache, history, host, signal, emit, provider }: RunRequest,
  control: GatedControl,
  graph: Graph,
  results: Results,
  step: PlannedStep,
): Promise<Problem | undefined> {
  const { node, type, key, parts, definition } = step;
  const begun = performance.now();
  let inputs: Readonly<Record<string, unknown>> = {};
  let outputs: NodeOutputs;
  let unfinished = unfinishedInput(step, results);
  let peakMemory: () => number | null;
  const checkpointKey = checkpointKeyOf(step, results);
  emit({ type: 'node_started', node });
  try {
    inputs = gatherInputs(graph, catalogue, results, step);
    const run = await loadRun(catalogue.get(type)!);
    const opened = openContext({ node, graph: submitted, host, control, signal, provider, checkpointKey, emit });
    control.at(definition.stops ? { onStop: () => emit({ type: 'run_stopping', node }) } : null);
    outputs = checkOutputs(step, await run(inputs, opened.context).finally(opened.close));
    peakMemory = opened.peakMemory;
    unfinished = opened.unfinished() ?? unfinished;
  } catch (error) {
    if (error instanceof PortFailure) return toProblem(error.cause.at(`node ${node} (${type})`), { node, port: error.port });
    if (error instanceof CodedError) return toProblem(error.at(`node ${node} (${type})`), { node });
    if (!signal.aborted && error instanceof Error && error.stack !== undefined)
      emit({ type: 'node_log', node, level: 'warn', message: error.stack });
    const shown = Object.entries(inputs)
      .map(([name, value]) => `${name} ${show(value)}`)
      .join(', ');
    return toProblem(err.NODE_FAILED(messageOf(error), shown || 'none').at(`node ${node} (${type})`), { node });
  } finally {
    control.at(null);
  }
  const because = unfinished === undefined ? {} : { unfinished };
  results.set(node, { outputs, ...because });
  const seconds = (performance.now() - begun) / 1000;
  const memory = seconds < measuredFrom ? null : peakMemory();
  if (unfinished === undefined) host.spent?.({ parts, seconds, memory, provider }, definition);
  try {
    // What was stopped early is not what its key says, and nor is what is made from it.
    if (definition.effects !== 'writes' && unfinished === undefined) await cache.set(key, { parts, outputs, seconds });
    await history.set(graph.name, node, { ...parts, ...because });
    if (unfinished === undefined && definition.extends === undefined) await host.checkpoints.remove(checkpointKey);
  } catch (error) {
    // A full disk must not throw away what an hour of training gave: the run goes on with the result in memory.
    emit({ type: 'node_log', node, level: 'warn', message: `result: expected to store it for later runs, got ${messageOf(error)}` });
  }
  emit({ type: 'node_finished', node, outputs, seconds, ...(memory !== null && { memory }), ...because });
  return undefined;
}

/** What is said of outputs that were made from unfinished ones. */
function unfinishedInput({ parts }: PlannedStep, results: Results): string | undefined {
  const source = Object.values(parts.inputs).find((part) => 'key' in part && results.get(part.node)?.unfinished !== undefined);
  return source && 'key' in source ? `made from what node ${source.node} had when it was stopped` : undefined;
}

/** Where the unfinished work of a step is kept. An unfinished input counts by what it holds, since its key says what it would have become; none is in `results` before a run. */
export function checkpointKeyOf(
  { parts, definition }: Pick<PlannedStep, 'parts' | 'definition'>,
  results: Results = new Map(),
): CheckpointKey {
  const inputs = Object.entries(parts.inputs).map(([name, part]): [string, InputPart] => {
    const from = 'key' in part ? results.get(part.node) : undefined;
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
  graph: Graph,
  catalogue: Catalogue,
  results: Results,
  { parts, definition }: PlannedStep,
): Readonly<Record<string, unknown>> {
  const inputs: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(parts.inputs))
    inputs[name] = onPort('input', name, () => {
      if ('value' in part) return part.value;
      if ('path' in part) return part.path;
      const from = catalogue.get(graph.nodes[part.node]!.type)!.definition.outputs[part.output]!;
      const to = definition.inputs[name]!;
      return freezeData(to.check(convertValue(from.type, to.type, results.get(part.node)!.outputs[part.output])), name);
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

/** What the node gave, held against its output ports: all there, nothing else, each as declared, frozen. */
function checkOutputs({ definition }: PlannedStep, given: unknown): NodeOutputs {
  const names = Object.keys(definition.outputs);
  if (typeof given !== 'object' || given === null) throw err.NOT_OUTPUTS(names, show(given));
  const stray = Object.keys(given).filter((name) => !names.includes(name));
  if (stray.length > 0) throw err.NOT_OUTPUTS(names, `also ${stray.join(', ')}`);
  const outputs: Record<string, unknown> = {};
  for (const name of names) {
    const value: unknown = onPort('output', name, () => freezeData(definition.outputs[name]!.check((given as NodeOutputs)[name]), name));
    if (value !== undefined) outputs[name] = value;
  }
  return Object.freeze(outputs);
}
