// A worker's part of a batch: some rows, one after the other, with models kept open between them.
import {
  messageOf,
  toProblem,
  type Asset,
  type BatchActivity,
  type Catalogue,
  type Cell,
  type Graph,
  type NodeOutputs,
  type Problem,
  type RunEventBody,
} from '@facewright/core';
import { executeRun, type EngineHost, type KeyHistory, type ResultCache, type RunControl } from '@facewright/engine';
import { CodedError } from '@facewright/tensor';
import { err } from '../errors.ts';
import type { RowResult } from './row-records.ts';
import { rowScores } from './row-scores.ts';
import { withValues } from './row-plan.ts';

/** Rows that a worker is given in one go. */
export interface RowsJob {
  readonly type: 'rows';
  readonly batch: string;
  readonly graph: Graph;
  /** Ends when so many of its rows have failed; null: never. */
  readonly mostErrors: number | null;
  readonly rows: readonly { readonly row: number; readonly values: Readonly<Record<string, Cell>> }[];
}
export interface RowsReport {
  readonly results: readonly RowResult[];
  /** What the worker is at; absent: as before. */
  readonly activity?: BatchActivity;
}
export interface RowsWork {
  readonly job: RowsJob;
  readonly catalogue: Catalogue;
  readonly cache: ResultCache;
  readonly provider: string;
  readonly signal: AbortSignal;
  readonly control: RunControl;
  /** A host whose files go into a folder of the row. */
  hostOf(row: number): EngineHost;
  read(asset: Asset): Promise<Uint8Array>;
  report(report: RowsReport): void;
}

/** How long results wait for others to be reported with, ms. */
const REPORT_MS = 50;
/** How often a row tells what it is at, ms; one that ends sooner tells nothing. */
const ACTIVITY_MS = 250;

/** Rows say why nodes run to nobody, and what a person runs between is to be compared with what that person ran before. */
const noHistory: KeyHistory = { get: async () => null, set: async () => {} };

/** Rows that were begun and not ended when the signal aborts are not reported. */
export async function runRows({ job, catalogue, cache, provider, signal, control, hostOf, read, report }: RowsWork): Promise<void> {
  const kept = keepBetweenRows(cache);
  let results: RowResult[] = [];
  let failures = 0;
  let reported = performance.now();
  const flush = () => {
    if (results.length > 0) report({ results });
    results = [];
    reported = performance.now();
  };
  for (const { row, values } of job.rows) {
    if (signal.aborted) break;
    const begun = performance.now();
    const graph = withValues(job.graph, values);
    const outputs: Record<string, NodeOutputs> = {};
    const activity = tellActivity(row, (activity) => report({ results: [], activity }));
    kept.nextRow();
    const end = await executeRun({
      graph,
      catalogue,
      cache: kept.cache,
      history: noHistory,
      host: hostOf(row),
      provider,
      signal,
      control,
      emit(event) {
        if (event.type === 'node_finished' || event.type === 'node_cached') outputs[event.node] = event.outputs;
        activity(event);
      },
    });
    if (end.type === 'run_cancelled') break;
    const seconds = (performance.now() - begun) / 1000;
    const failed = (problems: readonly Problem[]): RowResult => ({ row, status: 'failed', seconds, problems, outputs: {}, scores: {} });
    results.push(
      end.type === 'run_failed'
        ? failed(end.problems)
        : await rowScores(outputs, Object.keys(end.outputs), graph, catalogue, read).then(
            (scores) => ({ row, status: 'finished', seconds, problems: [], outputs: end.outputs, scores }),
            (error: unknown) => failed([toProblem(error instanceof CodedError ? error : err.INTERNAL(messageOf(error)))]),
          ),
    );
    if (results.at(-1)!.status === 'failed' && ++failures === job.mostErrors) break;
    if (performance.now() - reported > REPORT_MS) flush();
  }
  flush();
}

/** Results of the row before and of this one stay in memory, so that what rows have in common is not read again for each. */
function keepBetweenRows(cache: ResultCache): { readonly cache: ResultCache; nextRow(): void } {
  type Kept = Map<string, Awaited<ReturnType<ResultCache['get']>>>;
  let [before, now]: [Kept, Kept] = [new Map(), new Map()];
  return {
    nextRow() {
      before = now;
      now = new Map();
    },
    cache: {
      async get(key) {
        const found = now.get(key) ?? before.get(key) ?? (await cache.get(key));
        if (found) now.set(key, found);
        return found;
      },
      async set(key, result) {
        now.set(key, result);
        await cache.set(key, result);
      },
    },
  };
}

function tellActivity(row: number, tell: (activity: BatchActivity) => void): (event: RunEventBody) => void {
  let activity: BatchActivity = { row, node: null, done: 0, total: 0, preview: null };
  let told = performance.now();
  return (event) => {
    if (event.type === 'node_started') activity = { ...activity, node: event.node, done: 0, total: 0 };
    else if (event.type === 'node_progress') activity = { ...activity, node: event.node, done: event.done, total: event.total };
    else if (event.type === 'node_preview') activity = { ...activity, node: event.node, preview: event.image };
    else return;
    if (performance.now() - told < ACTIVITY_MS) return;
    told = performance.now();
    tell(activity);
  };
}
