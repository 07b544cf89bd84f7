// Runs the steps of a graph: one at a time, beside those that wait for something outside.
import type { Graph, PlanStep } from '@facewright/core';
import { shownOutputs } from './nested.ts';
import { waitWhilePaused } from './node-context.ts';
import { performStep } from './perform-step.ts';
import { describePlan, sameReason, storedReason, toPlanStep } from './plan-run.ts';
import { openSchedule, type Schedule } from './schedule.ts';
import { StepFailure, waitingAtOnce, type Scope } from './scope.ts';
import type { Result, Step } from './step.ts';

/** Microtasks alone would never let a cancel request in; a macrotask this often does and costs nothing. */
const breatheMs = 25;

/**
 * The graph has passed prepareGraph. All targets have results when it resolves. Stops at the first node that fails: throws StepFailure; the reason of the signal when
 * the run was cancelled; rejects as openSchedule.
 */
export async function runGraph(
  scope: Scope,
  graph: Graph,
  targets: readonly string[],
  onPlan: (plan: readonly PlanStep[]) => void,
): Promise<Schedule> {
  const { emit, history, document, control } = scope;
  const schedule = await openSchedule({ ...scope, graph, targets });
  onPlan((await describePlan(schedule, history, document.name)).map(toPlanStep));
  const failing = new AbortController();
  const signal = AbortSignal.any([scope.signal, failing.signal]);
  const inner: Scope = { ...scope, signal };

  async function tellCached({ id: node, keyed }: Step, { outputs, unfinished }: Result, reason: string) {
    await history.set(document.name, node, { ...keyed!.parts, ...(unfinished !== undefined && { unfinished }) });
    emit({ type: 'node_cached', node, outputs: shownOutputs(outputs), reason });
  }
  /** Stored results first: the editor shows all of them at once, whatever takes long. */
  async function tellStored() {
    for (const step of schedule.takeStored()) await tellCached(step, step.result!, storedReason);
  }
  let failure: unknown;
  async function complete(step: Step): Promise<void> {
    try {
      const { sameAs } = step.keyed!;
      if (sameAs) await tellCached(step, sameAs.result!, sameReason(sameAs));
      await schedule.finish(step, sameAs ? sameAs.result! : await performStep(inner, schedule.types, step));
      await tellStored();
    } catch (error) {
      if (failure === undefined) {
        failure = error;
        // Whatever a node throws once it is told to stop, it was stopped.
        if (error instanceof StepFailure && !scope.signal.aborted)
          emit({ type: 'node_failed', node: step.id, problem: error.problems[0]! });
      }
      failing.abort();
    }
  }
  const waiting = new Set<Promise<void>>();
  function startWaiting() {
    while (waiting.size < waitingAtOnce && !signal.aborted) {
      const step = schedule.next(true);
      if (!step) return;
      const ended: Promise<void> = complete(step).finally(() => {
        waiting.delete(ended);
        startWaiting();
      });
      waiting.add(ended);
    }
  }

  await tellStored();
  let breath = performance.now();
  while (!signal.aborted) {
    if (performance.now() - breath > breatheMs) {
      await new Promise((resolve) => setTimeout(resolve));
      breath = performance.now();
      if (signal.aborted) break;
    }
    startWaiting();
    const step = schedule.next(false);
    if (step) {
      await waitWhilePaused({ node: step.id, control, signal, emit }).catch(() => undefined);
      if (!signal.aborted) await complete(step);
    } else if (waiting.size > 0) await Promise.race(waiting);
    else break;
  }
  await Promise.all(waiting);
  if (targets.every((id) => schedule.steps.get(id)!.result)) return schedule;
  scope.signal.throwIfAborted();
  throw failure;
}
