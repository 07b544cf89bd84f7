// What the server and its worker process say to each other.
import type { Graph, Problem, RunEventBody } from '@facewright/core';
import type { RowsJob, RowsReport } from '../batch/run-rows.ts';
import type { MemoryChoice, ProviderChoice } from '@facewright/runtime';
import type { HeldMemory } from './worker-recycling.ts';

/** Given to the worker at its start, as one JSON argument. */
export interface WorkerSetup {
  readonly dataFolder: string;
  /** Absolute paths of the models folders. */
  readonly models: readonly string[];
  /** Folders that paths may lead into besides; default and null: anywhere. */
  readonly allowPaths?: readonly string[] | null;
  readonly provider: ProviderChoice;
  /** How much memory open models may take. Default `auto`. */
  readonly memory?: MemoryChoice;
  /** How many workers share the device and its memory. */
  readonly sharedBy: number;
  /** URL of a module that exports `packages`, the installed nodes. */
  readonly nodes: string;
}
/** What a worker does in one go, with its models kept open until the next. */
export type Job = RunJob | RowsJob;
export interface RunJob {
  readonly type: 'run';
  readonly run: string;
  readonly graph: Graph;
  /** Output nodes that are wanted; default: all. */
  readonly targets?: readonly string[];
}
/** `stop`: the node at work gives what it has. */
export type Steering = 'pause' | 'continue' | 'stop';
export type ToWorker =
  { readonly type: 'perform'; readonly job: Job } | { readonly type: 'cancel' } | { readonly type: 'steer'; readonly how: Steering };
/** Ids of what a worker is at. */
export interface WorkerPlace {
  readonly run?: string;
  readonly node?: string;
  readonly batch?: string;
  readonly row?: number;
}
export type FromWorker =
  | { readonly type: 'ready'; readonly provider: string; readonly description: string }
  | { readonly type: 'cannot_start'; readonly problem: Problem }
  | { readonly type: 'log'; readonly message: string; readonly at: WorkerPlace }
  | { readonly type: 'event'; readonly event: RunEventBody }
  /** Of a job of rows, in place of events. */
  | ({ readonly type: 'rows' } & RowsReport)
  /** A checkpoint is being written: to end the worker now would lose it. */
  | { readonly type: 'saving'; readonly saving: boolean }
  /** The job has ended, its terminal event before it. */
  | { readonly type: 'idle'; readonly held: HeldMemory };
