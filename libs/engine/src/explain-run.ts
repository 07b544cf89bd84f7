// What a run would do, without doing it.
import { prepareGraph, toProblem, type PlanStep, type Problem } from '@facewright/core';
import { CodedError } from '@facewright/tensor';
import { planRun, toPlanStep, type PlanRequest } from './plan-run.ts';

/** The plan with its reasons, or the problems for which there is none. The graph is as saved: it is migrated and validated here. */
export async function explainRun(
  request: PlanRequest,
): Promise<{ readonly plan: readonly PlanStep[]; readonly problems: readonly Problem[] }> {
  const { graph, targets, problems } = prepareGraph(request.graph, request.catalogue, request);
  if (problems.length > 0) return { plan: [], problems };
  try {
    return { plan: (await planRun({ ...request, graph, targets })).steps.map(toPlanStep), problems };
  } catch (error) {
    if (error instanceof CodedError) return { plan: [], problems: [toProblem(error)] };
    throw error;
  }
}
