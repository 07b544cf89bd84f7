// Events of a run: append-only, numbered from 1 without gaps, exactly one terminal event last. HTTP, socket.io and the CLI give the same ones.
import type { BatchActivity, BatchEvent, BatchSummary } from './batches.ts';
import type { Problem } from './graph.ts';

/**
 * Why a node will run or not: `cached` names nothing new; `run` says which part of its key differs or that it has effects; `open` is decided during the run, by
 * what another node gives.
 */
export interface PlanStep {
  readonly node: string;
  readonly type: string;
  readonly action: 'run' | 'cached' | 'open';
  /** One sentence: "input seed changed from 1 to 2", "never ran before", "writes files, so it runs every time". */
  readonly reason: string;
  /** Empty while it is open. */
  readonly key: string;
}
/** The place of an item as people count, from 1: "3", in a list of lists "2.3". */
export const itemName = (item: readonly number[]): string => item.map((index) => index + 1).join('.');
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
  /** `image` is a data: URL of a small PNG; in what is kept it is empty once there is a later one of the node, or the run has ended. */
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
  /** The node did not run, since what feeds its inputs was blocked; `reason` is empty where that is as it should be. */
  | { readonly type: 'node_blocked'; readonly node: string; readonly reason: string }
  /** The node runs a graph in its place: the nodes that will run there, their ids prefixed by its own. */
  | { readonly type: 'node_expanded'; readonly node: string; readonly plan: readonly PlanStep[] }
  /** Of a node that runs once for each item of a list, between its start and its end; `item` is the place in the list, from 0, of a list of lists in each. */
  | {
      readonly type: 'item_finished';
      readonly node: string;
      readonly item: readonly number[];
      readonly outputs: NodeOutputs;
      readonly seconds: number;
    }
  | { readonly type: 'item_cached'; readonly node: string; readonly item: readonly number[]; readonly outputs: NodeOutputs }
  | { readonly type: 'item_blocked'; readonly node: string; readonly item: readonly number[]; readonly reason: string }
  | { readonly type: 'item_failed'; readonly node: string; readonly item: readonly number[]; readonly problem: Problem }
  /** The run waits, in the node or before it. */
  | { readonly type: 'run_paused'; readonly node: string }
  | { readonly type: 'run_continued' }
  /** The node was told to give what it has; it goes on to its next step first. */
  | { readonly type: 'run_stopping'; readonly node: string }
  /** The worker died; run_interrupted or a terminal event follows. */
  | { readonly type: 'worker_lost'; readonly message: string }
  /** About the run as a whole: it waits for memory, or may take more than there is. */
  | { readonly type: 'run_notice'; readonly message: string }
  /** The run waits in the queue again, before the others of its priority, and goes on from its finished nodes and checkpoints: another run_started follows. */
  | { readonly type: 'run_interrupted'; readonly message: string }
  /** `outputs` of the targets; a list where a node ran once for each item. Those that were blocked are left out. */
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
  /** Counts up from run to run, whatever the clock says. */
  readonly number: number;
  /** Of those that wait, the highest goes first; of the same, the lowest place. */
  readonly priority: number;
  readonly place: number;
  /** It was told to cancel, and has not ended yet. */
  readonly cancelling: boolean;
  /** How often it was begun without getting further than before. */
  readonly attempts: number;
  /** The run that this one tries again. */
  readonly retryOf: string | null;
  /** Of a failed one, the first. */
  readonly problem: Problem | null;
}
/** How far a run at work is. */
export interface RunProgress {
  /** Share of the work that is over, 0..1: every node counts the same, the one at work by its steps. */
  readonly share: number;
  /** The node at work. */
  readonly node: string | null;
  /** Of the node at work; null until there is something to go by. */
  readonly secondsLeft: number | null;
}
/** What changed in the queue after a cursor: applied in turn, these make the same queue, whatever came between two of them. */
export interface QueueChange {
  /** To ask from the next time. */
  readonly cursor: number;
  /** All that there is: what was known before is forgotten. */
  readonly whole: boolean;
  /** There is more to ask for already. */
  readonly more: boolean;
  /** Nothing new begins. */
  readonly paused: boolean;
  /** New and changed ones. */
  readonly runs: readonly RunSummary[];
  /** Ids of deleted ones. */
  readonly removed: readonly string[];
  /** Of all runs at work, by id. */
  readonly progress: Readonly<Record<string, RunProgress>>;
}

/** Answer to a request over socket.io. */
export type Acknowledge = (answer: { readonly ok: boolean; readonly message?: string; readonly last?: number }) => void;
/**
 * socket.io, client to server. `watch` replays a run's events after `after`, then streams them; the answer's `last` is the number of the latest, and one below `after` says
 * that the server has lost what the client saw: it begins anew from 0. `follow` does the same with changes of the queue; 0 begins with what is in it now.
 */
export interface ClientMessages {
  watch(request: { readonly run: string; readonly after: number }, acknowledge: Acknowledge): void;
  unwatch(run: string): void;
  follow(request: { readonly after: number }, acknowledge: Acknowledge): void;
  /** As `watch`, for a batch. */
  watchBatch(request: { readonly batch: string; readonly after: number }, acknowledge: Acknowledge): void;
  unwatchBatch(batch: string): void;
}
/** socket.io, server to client. Events of a run come in the order of their numbers, those of several runs in one message. */
export interface ServerMessages {
  events(events: readonly RunEvent[]): void;
  queue(change: QueueChange): void;
  batchEvents(events: readonly BatchEvent[]): void;
  /** Batches that changed, and the ids of those that are gone, to whoever is connected. */
  batches(change: { readonly batches: readonly BatchSummary[]; readonly removed: readonly string[] }): void;
  /** What batches are at, by id; may be left out for a client that does not keep up. */
  batchActivity(activity: Readonly<Record<string, BatchActivity>>): void;
}
