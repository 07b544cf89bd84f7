// Carries a graph out: validates, plans, runs what has no stored result, and tells every step as an event.
import { messageOf, prepareGraph, toProblem, type Graph, type NodeOutputs, type RunEventBody } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { err } from './errors.ts';
import type { EngineHost } from './host.ts';
import { shownOutputs } from './nested.ts';
import type { PlanRequest } from './plan-run.ts';
import { createRunControl, type GatedControl, type RunControl } from './run-control.ts';
import { runGraph } from './run-graph.ts';
import { StepFailure } from './scope.ts';
import { createTurn } from './turn.ts';

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
      : {
          type: 'run_failed',
          problems:
            error instanceof StepFailure
              ? error.problems
              : [toProblem(error instanceof CodedError ? error : err.RUN_FAILED(messageOf(error)))],
        };
  }
  emit(terminal);
  return terminal;
}

async function carryOut(request: RunRequest): Promise<TerminalEvent> {
  const { catalogue, emit, provider } = request;
  const begun = performance.now();
  const { graph, targets, problems } = prepareGraph(request.graph, catalogue, request);
  if (problems.length > 0) return { type: 'run_failed', problems };
  const control = (request.control ?? createRunControl()) as GatedControl;
  const scope = { ...request, document: request.graph, control, turn: createTurn(), depth: 0 };
  const { steps } = await runGraph(scope, graph, targets, (plan) => emit({ type: 'run_started', plan, provider }));
  const outputs: Record<string, NodeOutputs> = {};
  for (const id of targets) {
    const { result, definition } = steps.get(id)!;
    const shown = shownOutputs(result!.outputs);
    // Of a target that was blocked there is nothing to give.
    if (Object.keys(shown).length > 0 || Object.keys(definition.outputs).length === 0) outputs[id] = shown;
  }
  return { type: 'run_succeeded', outputs, seconds: (performance.now() - begun) / 1000 };
}
