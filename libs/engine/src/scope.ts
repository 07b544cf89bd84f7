// What all nodes of a run share.
import type { Catalogue, Graph, NodeContext, Problem, RunEventBody } from '@facewright/core';
import type { EngineHost } from './host.ts';
import type { KeyHistory, ResultCache } from './result-cache.ts';
import type { GatedControl } from './run-control.ts';
import type { Turn } from './turn.ts';

export interface Scope {
  /** As submitted. */
  readonly document: Graph;
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly history: KeyHistory;
  readonly host: EngineHost;
  readonly control: GatedControl;
  readonly signal: AbortSignal;
  readonly provider: string;
  /** Held by a node while it computes; those that wait for something outside do without. */
  readonly turn: Turn;
  /** Graphs that this one runs in the place of a node of. */
  readonly depth: number;
  emit(event: RunEventBody): void;
}
/** The `expand` of a context, for one call of a node. */
export type Expand = NodeContext['expand'];

/** So many nodes, or items of one node, that wait for something outside run at once. */
export const waitingAtOnce = 16;

/** Why a node has no result; of one with a list, one for each item that failed. */
export class StepFailure extends Error {
  readonly problems: readonly Problem[];
  constructor(problems: readonly Problem[]) {
    super(problems[0]!.message);
    this.problems = problems;
  }
}
