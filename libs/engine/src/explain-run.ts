// What a run would do, without doing it.
import { prepareGraph, toProblem, type PlanStep, type Problem } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { planRun, toPlanStep, type PlannedStep, type PlanRequest } from './plan-run.ts';

export interface Explanation {
  readonly plan: readonly PlanStep[];
  /** The same with what execution needs to know. */
  readonly steps: readonly PlannedStep[];
  readonly problems: readonly Problem[];
}

/** The plan with its reasons, or the problems for which there is none. The graph is as saved: it is migrated and validated here. */
export async function explainRun(request: PlanRequest): Promise<Explanation> {
  const { graph, targets, problems } = prepareGraph(request.graph, request.catalogue, request);
  if (problems.length > 0) return { plan: [], steps: [], problems };
  try {
    const { steps } = await planRun({ ...request, graph, targets });
    return { plan: steps.map(toPlanStep), steps, problems };
  } catch (error) {
    if (error instanceof CodedError) return { plan: [], steps: [], problems: [toProblem(error)] };
    throw error;
  }
}
