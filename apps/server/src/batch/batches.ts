// All that can be done with batches; HTTP and the command line do nothing else.
import { hash } from 'node:crypto';
import {
  toProblem,
  withSubgraphs,
  type BatchActivity,
  type BatchCheck,
  type BatchData,
  type BatchDetails,
  type BatchEvent,
  type BatchProblem,
  type BatchRowRecord,
  type BatchSummary,
  type Catalogue,
  type Graph,
} from '@facewright/core';
import type { DataFolder } from '../data/data-folder.ts';
import { err } from '../errors.ts';
import type { BatchRunner } from './batch-runner.ts';
import { detailsOf, type BatchStore, type StoredBatch } from './batch-store.ts';
import type { RowsPage } from './row-records.ts';
import { checkRows, Problems } from './check-rows.ts';
import { openData, parseRequest, prepareBatch } from './prepare-batch.ts';
import { countRows, withValues } from './row-plan.ts';
import { targetsOf } from './targets.ts';

/** Rows of one answer. */
export const MOST_LISTED = 1000;
const PRIORITY = -10;

/** A batch that cannot be begun, or rows that cannot be added: the first problems, and how many there are. */
export class BatchRefused extends Error {
  readonly problems: readonly BatchProblem[];
  readonly count: number;
  constructor(problems: readonly BatchProblem[], count: number) {
    super(problems.map(({ message }) => message).join('\n'));
    this.problems = problems;
    this.count = count;
  }
}

export interface Batches {
  /** What the batch would do, and everything that is wrong with it. Throws SERVER_BAD_REQUEST. */
  check(request: unknown): Promise<BatchCheck>;
  /** Puts it into the queue; the same key again gives the batch that there is. Throws BatchRefused, SERVER_BAD_REQUEST. */
  create(request: unknown): Promise<{ readonly batch: BatchDetails; readonly made: boolean }>;
  list(limit: number): BatchSummary[];
  /** Throws SERVER_NO_SUCH, as everything below does. */
  get(id: string): BatchDetails;
  summary(id: string): BatchSummary;
  /** After a sequence number, in order. */
  events(id: string, after: number, limit: number): BatchEvent[];
  activity(id: string): BatchActivity | null;
  rows(id: string, page: RowsPage): BatchRowRecord[];
  /** Those that were run, by row. */
  ran(id: string, after: number, limit: number): BatchRowRecord[];
  /** Those recorded after a number, in the order of recording: with the last of them, what comes next can be asked for. */
  recordedSince(id: string, since: number, limit: number): BatchRowRecord[];
  /** A row with the graph that it runs. */
  row(id: string, row: number): { readonly record: BatchRowRecord; readonly graph: Graph };
  /** Adds rows of data with the columns that the batch has; one that had finished goes on. Throws BatchRefused, SERVER_BATCH_STATE. */
  append(id: string, data: BatchData, base?: string): Promise<BatchDetails>;
  /** The rows at work, about a quarter of a second of them or one, are finished first. Throws SERVER_BATCH_STATE. */
  pause(id: string): BatchDetails;
  /** One that is paused, or was stopped by failed rows: these count no more. Throws SERVER_BATCH_STATE. */
  continue(id: string): BatchDetails;
  /** Ends the row at work; one that has ended stays as it is. */
  cancel(id: string): BatchDetails;
  /** Failed rows are run again. Throws SERVER_BATCH_STATE. */
  retryFailed(id: string): BatchDetails;
  move(id: string, to: { readonly priority?: number; readonly front?: boolean }): BatchDetails;
  /** Forgets it with its rows; pictures that nothing else refers to go when the store is tidied. Throws SERVER_BATCH_STATE. */
  remove(id: string): void;
}

export interface BatchesOptions {
  readonly store: BatchStore;
  readonly runner: BatchRunner;
  readonly catalogue: Catalogue;
  /** What a run of a graph takes; null where nobody knows. */
  foretell(graph: Graph): Promise<{ readonly secondsPerRow: number; readonly from: string } | null>;
  readonly data: Pick<DataFolder, 'assets' | 'files'>;
  wake(): void;
  onChange(batch: string): void;
}

export function createBatches({ store, runner, foretell, catalogue, data: folder, wake, onChange }: BatchesOptions): Batches {
  const preparing = {
    catalogue,
    data: folder,
    secondsOf: async (graph: Graph, first: Graph) => store.secondsOf(graph) ?? (await foretell(first)),
  };
  const tell = (batch: StoredBatch) => detailsOf(batch, runner.secondsLeft(batch));
  const summaryOf = (batch: StoredBatch): BatchSummary => ({ ...batch.summary, secondsLeft: runner.secondsLeft(batch) });
  const details = (id: string) => tell(store.get(id));
  const refuse = ({ summary: { id, status } }: StoredBatch, want: string): never => {
    throw err.BATCH_STATE(id, want, status);
  };
  const reopen = (batch: StoredBatch): void => {
    if (['finished', 'stopped'].includes(batch.summary.status)) runner.tell(batch.summary.id, { type: 'batch_continued' });
  };
  return {
    check: async (request) => (await prepareBatch(parseRequest(request), preparing)).check,
    async create(request) {
      const { key = null, ...asking } = parseRequest(request);
      const asked = hash('sha256', JSON.stringify(asking));
      const known = key === null ? null : store.byKey(key, asked);
      if (known) return { batch: tell(known), made: false };
      const { check, graph, plan, name, rows } = await prepareBatch(asking, preparing);
      if (check.problemCount > 0 || !graph) throw new BatchRefused(check.problems, check.problemCount);
      const batch = store.create({
        name,
        graph,
        plan,
        key,
        asked,
        stopAfterErrors: asking.stopAfterErrors,
        priority: asking.priority ?? PRIORITY,
        dataRows: rows.dataRows,
        blocks: rows.blocks,
      });
      const { id } = batch.summary;
      // Two that come at once with one key find the same one.
      const made = batch.summary.lastSeq === 0;
      if (made) runner.tell(id, { type: 'batch_queued', name, count: batch.summary.count });
      wake();
      return { batch: details(id), made };
    },
    list: (limit) => store.list(limit).map(summaryOf),
    summary: (id) => summaryOf(store.get(id)),
    get: details,
    events: store.events,
    activity: (id) => runner.activity(id),
    rows: (id, page) => store.rows(store.get(id), page),
    ran: (id, after, limit) => store.ran(store.get(id), after, limit),
    recordedSince: (id, since, limit) => store.recordedSince(store.get(id), since, limit),
    row(id, row) {
      const batch = store.get(id);
      const [record] = Number.isSafeInteger(row) && row >= 1 ? store.rows(batch, { after: row - 1, limit: 1 }) : [];
      if (!record) throw err.NO_SUCH(`row of batch ${id}`, String(row));
      return { record, graph: withValues(batch.graph, record.values) };
    },
    async append(id, given, base) {
      const before = store.get(id);
      if (before.summary.status === 'cancelled') refuse(before, 'not cancelled');
      const opened = await openData(given, folder);
      const problems = new Problems();
      const rows = await checkRows(
        opened.data,
        {
          columns: before.plan.columns,
          targets: targetsOf(before.graph, withSubgraphs(before.graph, catalogue)),
          base: base ?? opened.base,
          looking: folder,
          before: before.dataRows,
        },
        problems,
      );
      if (rows.dataRows === 0 && problems.count === 0)
        problems.add(toProblem(err.BATCH_DATA(opened.data.name, 'at least one row', 'none')));
      if (problems.count > 0) throw new BatchRefused(problems.told, problems.count);
      // Others may have added rows, or ended it, while these were read.
      const batch = store.get(id);
      if (batch.summary.status === 'cancelled') refuse(batch, 'not cancelled');
      store.addRows(id, rows.blocks, rows.dataRows);
      const count = countRows(batch.plan, batch.dataRows + rows.dataRows);
      runner.moreRows(id, [{ from: batch.summary.count + 1, to: count }]);
      runner.tell(id, { type: 'batch_rows_added', count: count - batch.summary.count });
      reopen(batch);
      wake();
      return details(id);
    },
    pause(id) {
      const batch = store.get(id);
      if (!['queued', 'running'].includes(batch.summary.status)) refuse(batch, 'queued or running');
      runner.tell(id, { type: 'batch_paused' });
      return details(id);
    },
    continue(id) {
      const batch = store.get(id);
      if (!['paused', 'stopped'].includes(batch.summary.status)) refuse(batch, 'paused or stopped');
      store.forgive(id);
      runner.tell(id, { type: 'batch_continued' });
      wake();
      return details(id);
    },
    cancel(id) {
      const { status } = store.get(id).summary;
      if (status !== 'finished' && status !== 'cancelled') {
        runner.tell(id, { type: 'batch_cancelled' });
        runner.interrupt(id);
      }
      return details(id);
    },
    retryFailed(id) {
      const batch = store.get(id);
      if (batch.summary.status === 'cancelled') refuse(batch, 'not cancelled');
      const rows = store.retryFailed(id);
      if (rows.length > 0) {
        runner.moreRows(
          id,
          rows.map((row) => ({ from: row, to: row })),
        );
        runner.tell(id, { type: 'batch_retried', rows: rows.length });
        reopen(batch);
        wake();
      }
      return details(id);
    },
    move(id, { priority, front }) {
      const { summary } = store.get(id);
      const wanted = priority ?? summary.priority;
      store.reorder(id, wanted, front ? store.firstPlace() : summary.place);
      onChange(id);
      wake();
      return details(id);
    },
    remove(id) {
      const batch = store.get(id);
      if (!['finished', 'stopped', 'cancelled'].includes(batch.summary.status)) refuse(batch, 'ended');
      store.remove(id);
      onChange(id);
    },
  };
}
