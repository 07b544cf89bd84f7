// Graph to plan to results: keys, stored results, execution, events, explanations. No machine learning, no I/O of its own.
export * from './checkpoint-store.ts';
export * from './collect-assets.ts';
export * from './errors.ts';
export * from './execute-run.ts';
export * from './explain-run.ts';
export * from './compare-locks.ts';
export * from './host.ts';
export * from './make-lock.ts';
export { checkpointKeyOf } from './perform-call.ts';
export * from './plain-data.ts';
export { planRun, toPlanStep, type Plan, type PlannedStep, type PlanRequest } from './plan-run.ts';
export * from './result-cache.ts';
export * from './result-key.ts';
export { createRunControl, type RunControl } from './run-control.ts';
