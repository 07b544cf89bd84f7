// The rows of batches: what each sets, and the record of those that were run.
import { hash } from 'node:crypto';
import type { BatchRowRecord, Cell, DataRow, NodeOutputs, Problem } from '@facewright/core';
import { redactProblem } from '../access/redact-secrets.ts';
import type { Database } from '../data/database.ts';
import type { BatchData } from './batch-data.ts';
import { placeOf, valuesOf, type RowPlan } from './row-plan.ts';

/** What came of running a row. */
export interface RowResult {
  readonly row: number;
  readonly status: 'finished' | 'failed';
  readonly seconds: number;
  readonly problems: readonly Problem[];
  readonly outputs: Readonly<Record<string, NodeOutputs>>;
  readonly scores: Readonly<Record<string, number>>;
}
export interface RowsPage {
  /** Rows after this one. */
  readonly after: number;
  readonly limit: number;
  readonly status?: BatchRowRecord['status'];
}

/** What of a batch its rows depend on. */
export interface BatchOfRows {
  readonly number: number;
  readonly plan: RowPlan;
  readonly summary: { readonly count: number };
}

export interface RowReader {
  /** What a row sets. */
  valuesOf(
    batch: BatchOfRows,
    row: number,
  ): { readonly data: DataRow; readonly values: Readonly<Record<string, Cell>>; dataRow: number; run: number };
  /** By row, those that have not been run among them, unless a status is asked for. */
  rows(batch: BatchOfRows, page: RowsPage): BatchRowRecord[];
  /** Those that were run, by row. */
  ran(batch: BatchOfRows, after: number, limit: number): BatchRowRecord[];
  /** Recorded after a number, in the order of recording. */
  recordedSince(batch: BatchOfRows, since: number, limit: number): BatchRowRecord[];
}
export interface RowRecords extends RowReader {
  /** False for a row that was recorded before, and is not to be run again. */
  write(batch: BatchOfRows, result: RowResult, time: string, recorded: number): boolean;
  /** Rows that were run, in order, those to be run again left out. */
  ranRows(batch: number): Iterable<number>;
  /** Failed rows are to be run again; gives which. */
  retryFailed(batch: number): number[];
}

interface RecordRow {
  row: number;
  status: BatchRowRecord['status'];
  digest: string;
  attempt: number;
  seconds: number;
  time: string;
  problems: string;
  outputs: string;
  scores: string;
  recorded: number;
}

/** Of values in the order of their names. */
const rowDigest = (values: Readonly<Record<string, Cell>>): string =>
  hash('sha256', JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))).slice(0, 16);

export function createRowRecords(database: Database, data: BatchData): RowRecords {
  const insert = database.prepare(
    `INSERT INTO batch_rows (batch, row, status, digest, attempt, seconds, time, problems, outputs, scores, recorded) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET status = excluded.status, attempt = attempt + 1, seconds = excluded.seconds, time = excluded.time, problems = excluded.problems, outputs = excluded.outputs, scores = excluded.scores, recorded = excluded.recorded WHERE status = 'waiting'`,
  );
  const selectRan = database
    .prepare<[number], number>("SELECT row FROM batch_rows WHERE batch = ? AND status <> 'waiting' ORDER BY row")
    .pluck();
  const selectFailed = database
    .prepare<[number], number>("SELECT row FROM batch_rows WHERE batch = ? AND status = 'failed' ORDER BY row")
    .pluck();
  const again = database.prepare("UPDATE batch_rows SET status = 'waiting' WHERE batch = ? AND status = 'failed'");
  const recordColumns = 'row, status, digest, attempt, seconds, time, problems, outputs, scores, recorded';
  const selectRows = database.prepare<[number, number, number], RecordRow>(
    `SELECT ${recordColumns} FROM batch_rows WHERE batch = ? AND row BETWEEN ? AND ? ORDER BY row`,
  );
  const selectWith = database.prepare<[number, string, number, number], RecordRow>(
    `SELECT ${recordColumns} FROM batch_rows WHERE batch = ? AND status = ? AND row > ? ORDER BY row LIMIT ?`,
  );
  const selectRun = database.prepare<[number, number, number], RecordRow>(
    `SELECT ${recordColumns} FROM batch_rows WHERE batch = ? AND row > ? AND status <> 'waiting' ORDER BY row LIMIT ?`,
  );
  const selectSince = database.prepare<[number, number, number], RecordRow>(
    `SELECT ${recordColumns} FROM batch_rows WHERE batch = ? AND recorded > ? ORDER BY recorded LIMIT ?`,
  );

  const values: RowReader['valuesOf'] = (batch, row) => {
    const { dataRow, picks, run } = placeOf(batch.plan, row - 1);
    const cells = data.row(batch.number, dataRow);
    const given: DataRow = Object.fromEntries(batch.plan.columns.map(({ column }, i) => [column, cells[i] ?? null]));
    return { data: given, values: valuesOf(batch.plan, given, picks, run), dataRow: dataRow + 1, run: run + 1 };
  };
  const toRecord = (batch: BatchOfRows, { problems, outputs, scores, ...rest }: RecordRow): BatchRowRecord => ({
    ...rest,
    problems: JSON.parse(problems) as Problem[],
    outputs: JSON.parse(outputs) as BatchRowRecord['outputs'],
    scores: JSON.parse(scores) as BatchRowRecord['scores'],
    ...values(batch, rest.row),
  });
  const unrun = (batch: BatchOfRows, row: number): BatchRowRecord => {
    const of = values(batch, row);
    return {
      row,
      status: 'waiting',
      digest: rowDigest(of.values),
      attempt: 0,
      seconds: 0,
      time: '',
      problems: [],
      outputs: {},
      scores: {},
      recorded: 0,
      ...of,
    };
  };

  return {
    write(batch, { row, status, seconds, problems, outputs, scores }, time, recorded) {
      const { changes } = insert.run(
        batch.number,
        row,
        status,
        rowDigest(values(batch, row).values),
        seconds,
        time,
        JSON.stringify(problems.map(redactProblem)),
        JSON.stringify(outputs),
        JSON.stringify(scores),
        recorded,
      );
      return changes > 0;
    },
    ranRows: (batch) => selectRan.iterate(batch),
    retryFailed(batch) {
      const rows = selectFailed.all(batch);
      again.run(batch);
      return rows;
    },
    valuesOf: values,
    rows(batch, { after, limit, status }) {
      if (status !== undefined && status !== 'waiting')
        return selectWith.all(batch.number, status, after, limit).map((row) => toRecord(batch, row));
      const last = Math.min(batch.summary.count, after + limit);
      const known = new Map(selectRows.all(batch.number, after + 1, last).map((row) => [row.row, row]));
      return Array.from({ length: Math.max(0, last - after) }, (_, i) => {
        const row = known.get(after + 1 + i);
        return row ? toRecord(batch, row) : unrun(batch, after + 1 + i);
      });
    },
    ran: (batch, after, limit) => selectRun.all(batch.number, after, limit).map((row) => toRecord(batch, row)),
    recordedSince: (batch, since, limit) => selectSince.all(batch.number, since, limit).map((row) => toRecord(batch, row)),
  };
}
