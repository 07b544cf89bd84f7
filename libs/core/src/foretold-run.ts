// What a run would do, as the server tells it before one is started.
import type { PlanStep } from './events.ts';
import type { Problem } from './graph.ts';

export interface Forecast {
  readonly seconds: number;
  /** Bytes that the worker held at most; null where it was not measured. */
  readonly memory: number | null;
  /** What it goes by: runs with the same settings, with other steps (then scaled by them), or with other settings. */
  readonly basis: 'same settings' | 'other steps' | 'other settings';
  /** How many of them. */
  readonly runs: number;
}
export interface ForetoldStep extends PlanStep {
  /** What running it may take; null for a stored result, and where no node of its type ran before. */
  readonly forecast: Forecast | null;
  /** When the unfinished work was kept that it goes on from, ISO 8601; null when it begins anew. */
  readonly resumes: string | null;
}
export interface NeededModel {
  /** The path, or the id of an asset. */
  readonly name: string;
  /** Bytes of a file, or of everything in a folder; null when it is missing. */
  readonly bytes: number | null;
  /** Nodes that run and open it. */
  readonly nodes: readonly string[];
}
export interface ForetoldRun {
  readonly plan: readonly ForetoldStep[];
  /** Of the graph: with one there is no plan. */
  readonly problems: readonly Problem[];
  /** Files and assets that nodes of the plan name and that are not there: the run would fail at them. */
  readonly missing: readonly Problem[];
  readonly models: readonly NeededModel[];
  readonly total: {
    /** Sum over the nodes that run and whose time is known. */
    readonly seconds: number;
    /** Nodes that run and of whose time nothing is known. */
    readonly unknown: number;
    /** The most that one of them held, bytes; null where nothing is known. */
    readonly memory: number | null;
  };
}
