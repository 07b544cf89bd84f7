// Events of a run: append-only, numbered from 1 without gaps, exactly one terminal event last. HTTP, socket.io and the CLI give the same ones.
import type { Problem } from './graph.ts';

/** Why a node will run or not: `cached` names nothing new; `run` says which part of its key differs or that it has effects. */
export interface PlanStep {
  readonly node: string;
  readonly type: string;
  readonly action: 'run' | 'cached';
  /** One sentence: "input seed changed from 1 to 2", "never ran before", "writes files, so it runs every time". */
  readonly reason: string;
  readonly key: string;
}
export type NodeOutputs = Readonly<Record<string, unknown>>;

export type RunEventBody =
  | { readonly type: 'run_queued'; readonly name: string }
  | { readonly type: 'run_started'; readonly plan: readonly PlanStep[]; readonly provider: string }
  | { readonly type: 'node_started'; readonly node: string }
  /** `secondsLeft` is null until there is something to go by. */
  | {
      readonly type: 'node_progress';
      readonly node: string;
      readonly done: number;
      readonly total: number;
      readonly secondsLeft: number | null;
    }
  /** `image` is a data: URL of a small PNG. */
  | { readonly type: 'node_preview'; readonly node: string; readonly image: string }
  | { readonly type: 'node_metric'; readonly node: string; readonly name: string; readonly step: number; readonly value: number }
  | { readonly type: 'node_log'; readonly node: string; readonly level: 'info' | 'warn'; readonly message: string }
  | { readonly type: 'node_cached'; readonly node: string; readonly outputs: NodeOutputs; readonly reason: string }
  /** `unfinished`: what kept it from being stored: it was stopped early, or a node that it depends on was. */
  | {
      readonly type: 'node_finished';
      readonly node: string;
      readonly outputs: NodeOutputs;
      readonly seconds: number;
      /** Bytes that the worker held at most while it ran, without weights that are read in place; absent where the system does not tell, and for a node that took a moment. */
      readonly memory?: number;
      readonly unfinished?: string;
    }
  | { readonly type: 'node_failed'; readonly node: string; readonly problem: Problem }
  /** The run waits, in the node or before it. */
  | { readonly type: 'run_paused'; readonly node: string }
  | { readonly type: 'run_continued' }
  /** The node was told to give what it has; it goes on to its next step first. */
  | { readonly type: 'run_stopping'; readonly node: string }
  /** The worker died; the run is resumed from its finished nodes, or ends in run_failed. */
  | { readonly type: 'worker_lost'; readonly message: string }
  | { readonly type: 'run_succeeded'; readonly outputs: Readonly<Record<string, NodeOutputs>>; readonly seconds: number }
  | { readonly type: 'run_failed'; readonly problems: readonly Problem[] }
  | { readonly type: 'run_cancelled' };
export type RunEvent = RunEventBody & { readonly run: string; readonly seq: number; /** ISO 8601. */ readonly time: string };
export const isTerminal = (event: RunEventBody): boolean => ['run_succeeded', 'run_failed', 'run_cancelled'].includes(event.type);

/** A run in lists. */
export interface RunSummary {
  readonly id: string;
  readonly name: string;
  readonly status: 'queued' | 'running' | 'paused' | 'succeeded' | 'failed' | 'cancelled';
  readonly created: string;
  readonly finished: string | null;
  /** Sequence number of the last event. */
  readonly lastSeq: number;
}

/** socket.io, editor to server: `watch` replays events after `after`, then streams; each arrives as `event`. */
export interface ClientMessages {
  watch(
    request: { readonly run: string; readonly after: number },
    acknowledge: (answer: { readonly ok: boolean; readonly message?: string }) => void,
  ): void;
  unwatch(run: string): void;
}
/** socket.io, server to editor. `runs` says that the list of runs changed. */
export interface ServerMessages {
  event(event: RunEvent): void;
  runs(runs: readonly RunSummary[]): void;
}
