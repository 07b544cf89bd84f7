// Batches: one graph run over many rows of values. What server, editor and command line tell each other about them.
import { z } from 'zod';
import type { Graph, Problem } from './graph.ts';
import type { NodeOutputs } from './events.ts';

/** One value of a row as data files write it; null: nothing, so that what the graph has stays. */
export type Cell = string | number | boolean | null;
/** A row of data, by column. */
export type DataRow = Readonly<Record<string, Cell>>;

const target = z.string().min(1);
const axisValue = z.union([z.string(), z.number(), z.boolean()]);

/** A file in the store under the name that tells its kind (.csv, .tsv, .jsonl); a file or a folder of pictures on the server's machine; or rows as they are. */
export const batchDataSchema = z.union([
  z.strictObject({ asset: z.string(), name: z.string().min(1) }),
  z.strictObject({ path: z.string().min(1) }),
  z.strictObject({ rows: z.array(z.record(z.string(), z.unknown())) }),
]);
export type BatchData = z.infer<typeof batchDataSchema>;

/** What is wanted of a batch, as it is submitted. The graph is checked apart, by its own schema. */
export const batchRequestSchema = z.strictObject({
  graph: z.unknown(),
  /** Default: the name of the graph and of the data. */
  name: z.string().min(1).max(200).optional(),
  /** Without data there is one row. */
  data: batchDataSchema.optional(),
  /** Folder where relative paths in the data begin; default: the folder of the data file. */
  base: z.string().optional(),
  /** Columns by name to NODE.INPUT, or to several; null: not used, though its name would fit. Columns that are not named are matched by their names. */
  map: z.record(z.string(), z.union([target, z.array(target), z.null()])).default({}),
  /** NODE.INPUT to its values, or to a text of them: `1,2,5`, `1..5`. Every combination is run. */
  matrix: z.record(target, z.union([z.string(), z.array(axisValue).min(1)])).default({}),
  /** How often every row is run; the seeds of run 2, 3 … are one, two … higher. */
  runs: z.number().int().min(1).default(1),
  /** The batch stops when so many rows have failed. */
  stopAfterErrors: z.number().int().min(1).nullable().default(null),
  priority: z.number().int().min(-1000).max(1000).optional(),
  /** The sender's own: sent again, it is the same batch. */
  key: z.string().optional(),
});
export type BatchRequest = z.input<typeof batchRequestSchema>;

/** What is wrong with a batch; `row` counts the rows of the data from 1. */
export interface BatchProblem extends Problem {
  readonly row?: number;
  readonly column?: string;
}
/** A column of the data and the inputs, NODE.INPUT, that it sets; none: it is carried along into the results. */
export interface BatchColumn {
  readonly column: string;
  readonly targets: readonly string[];
}
/** What a batch would do, before it is submitted. */
export interface BatchCheck {
  readonly columns: readonly BatchColumn[];
  readonly matrix: readonly { readonly target: string; readonly values: readonly Cell[] }[];
  /** Inputs whose seed is another in every run of a row. */
  readonly seeds: readonly string[];
  readonly dataRows: number;
  /** Rows of the batch: rows of the data × combinations of the matrix × runs. */
  readonly count: number;
  /** The first rows of the data. */
  readonly preview: readonly DataRow[];
  /** The first problems, and how many there are. */
  readonly problems: readonly BatchProblem[];
  readonly problemCount: number;
  /** Worth knowing, and no reason not to begin. */
  readonly notes: readonly string[];
  /** From earlier batches or runs of the graph; null where there are none. */
  readonly estimate: { readonly secondsPerRow: number; readonly seconds: number; readonly from: string } | null;
}

/** `finished`: every row was run, well or not. `stopped`: too many rows failed. */
export type BatchStatus = 'queued' | 'running' | 'paused' | 'finished' | 'stopped' | 'cancelled';
/** A batch in lists. */
export interface BatchSummary {
  readonly id: string;
  readonly name: string;
  readonly status: BatchStatus;
  readonly created: string;
  readonly finished: string | null;
  readonly priority: number;
  readonly place: number;
  /** Rows: all, those run well, those that failed. */
  readonly count: number;
  readonly done: number;
  readonly failed: number;
  /** Null until there is something to go by, and when it is not at work. */
  readonly secondsLeft: number | null;
  /** Sequence number of the last event. */
  readonly lastSeq: number;
  /** The last `recorded` of its rows. */
  readonly lastRecorded: number;
}
/** A batch with what it was made of. */
export interface BatchDetails extends BatchSummary {
  readonly graph: Graph;
  readonly columns: readonly BatchColumn[];
  readonly matrix: readonly { readonly target: string; readonly values: readonly Cell[] }[];
  readonly seeds: readonly string[];
  readonly runs: number;
  readonly stopAfterErrors: number | null;
  readonly dataRows: number;
  /** Names of numbers that rows gave until now. */
  readonly scoreNames: readonly string[];
}
/** A row, with the record of what came of it. */
export interface BatchRowRecord {
  /** From 1. */
  readonly row: number;
  /** `waiting`: it has not been run, or is to be run again. */
  readonly status: 'finished' | 'failed' | 'waiting';
  /** Its values in short: two rows of the same values have the same. */
  readonly digest: string;
  /** How often it was run. */
  readonly attempt: number;
  readonly seconds: number;
  readonly time: string;
  readonly problems: readonly Problem[];
  /** Of the graph's output nodes, by node. */
  readonly outputs: Readonly<Record<string, NodeOutputs>>;
  /** Numbers found in reports, score tables and outputs, by name. */
  readonly scores: Readonly<Record<string, number>>;
  /** Counts what is recorded of this batch, so that what came since can be asked for. */
  readonly recorded: number;
  /** Which row of the data, and which run of it, from 1. */
  readonly dataRow: number;
  readonly run: number;
  readonly data: DataRow;
  /** What the row sets, by NODE.INPUT. */
  readonly values: Readonly<Record<string, Cell>>;
}

export type BatchEventBody =
  | { readonly type: 'batch_queued'; readonly name: string; readonly count: number }
  | { readonly type: 'batch_started' }
  /** At every hundredth of the rows, and at least once a minute while rows end. */
  | { readonly type: 'batch_progress'; readonly done: number; readonly failed: number; readonly secondsLeft: number | null }
  /** The row at work is finished first. `why`: nobody asked for it. */
  | { readonly type: 'batch_paused'; readonly why?: string }
  | { readonly type: 'batch_continued' }
  /** It was at work when the server ended. */
  | { readonly type: 'batch_interrupted' }
  | { readonly type: 'batch_rows_added'; readonly count: number }
  | { readonly type: 'batch_retried'; readonly rows: number }
  /** Rows added, rows tried again, or a continue open it again. */
  | { readonly type: 'batch_finished'; readonly done: number; readonly failed: number }
  | { readonly type: 'batch_stopped'; readonly failed: number }
  | { readonly type: 'batch_cancelled' };
export type BatchEvent = BatchEventBody & { readonly batch: string; readonly seq: number; /** ISO 8601. */ readonly time: string };

/** What a batch is doing at the moment; not stored. `preview`: a data: URL of a small picture. */
export interface BatchActivity {
  readonly row: number;
  readonly node: string | null;
  readonly done: number;
  readonly total: number;
  readonly preview: string | null;
}
