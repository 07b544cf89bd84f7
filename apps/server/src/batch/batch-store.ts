// Batches in the database: what each is made of, how far it is, and its events.
import { randomUUID, hash } from 'node:crypto';
import type { BatchDetails, BatchEvent, BatchEventBody, BatchStatus, BatchSummary, Graph } from '@facewright/core';
import { durably, type Database } from '../data/database.ts';
import { err } from '../errors.ts';
import { createBatchData } from './batch-data.ts';
import { countRows, type RowPlan } from './row-plan.ts';
import { createRowRecords, type RowReader, type RowResult } from './row-records.ts';

export interface BatchBody {
  /** Digest of what was asked for. */
  readonly asked: string;
  readonly graph: Graph;
  readonly plan: RowPlan;
  readonly stopAfterErrors: number | null;
}
export interface NewBatch extends BatchBody {
  readonly name: string;
  readonly key: string | null;
  readonly priority: number;
  readonly dataRows: number;
  readonly blocks: readonly string[];
}
/** A batch as the server knows it. */
export interface StoredBatch extends BatchBody {
  readonly number: number;
  readonly summary: Omit<BatchSummary, 'secondsLeft'>;
  readonly dataRows: number;
  readonly scoreNames: readonly string[];
  /** Failed rows that do not count towards `stopAfterErrors` any more. */
  readonly forgiven: number;
  /** Of all rows together. */
  readonly seconds: number;
}
export interface BatchStore extends RowReader {
  /** The same key again gives the batch that there is. Throws SERVER_KEY_TAKEN where it was asked for otherwise. */
  create(batch: NewBatch): StoredBatch;
  /** Throws SERVER_NO_SUCH. */
  get(id: string): StoredBatch;
  /** Throws SERVER_KEY_TAKEN where it was asked for otherwise. */
  byKey(key: string, asked: string): StoredBatch | null;
  /** Newest first. */
  list(limit: number): StoredBatch[];
  /** In the order in which they are worked on. */
  open(): StoredBatch[];
  /** Adds an event, and changes the status where it says so. */
  append(id: string, body: BatchEventBody): BatchEvent;
  events(id: string, after: number, limit: number): BatchEvent[];
  /** Rows of data after those that there are. Throws SERVER_BATCH_TOO_MANY. */
  addRows(id: string, blocks: readonly string[], dataRows: number): void;
  /** Rows that were run, in order, those to be run again left out. */
  ranRows(id: string): Iterable<number>;
  /** In one transaction; a row that was recorded before, and is not to be run again, is left as it is. */
  record(id: string, results: readonly RowResult[]): void;
  /** Failed rows are to be run again; gives how many. */
  retryFailed(id: string): number[];
  /** Failed rows until now do not stop it any more. */
  forgive(id: string): void;
  reorder(id: string, priority: number, place: number): void;
  /** Before all that wait, batches or runs, of the same priority. */
  firstPlace(): number;
  /** Seconds of a row of the latest batches of the graph; null where none was run. */
  secondsOf(graph: Graph): { readonly secondsPerRow: number; readonly from: string } | null;
  remove(id: string): void;
}

interface BatchRow {
  number: number;
  id: string;
  name: string;
  status: BatchStatus;
  created: string;
  finished: string | null;
  priority: number;
  place: number;
  body: string;
  data_rows: number;
  count: number;
  done: number;
  failed: number;
  forgiven: number;
  seconds: number;
  last_seq: number;
  last_recorded: number;
  score_names: string;
}
const statusAfter: Partial<Record<BatchEventBody['type'], BatchStatus>> = {
  batch_started: 'running',
  batch_paused: 'paused',
  batch_continued: 'queued',
  batch_interrupted: 'queued',
  batch_finished: 'finished',
  batch_stopped: 'stopped',
  batch_cancelled: 'cancelled',
};
const ENDS: readonly BatchStatus[] = ['finished', 'stopped', 'cancelled'];
/** What batches are made of, kept parsed: it never changes. */
const KEPT_BODIES = 16;

/** Where nodes lie in the editor does not change how long they take. */
const digestOf = ({ nodes, links }: Graph): string =>
  hash('sha256', JSON.stringify([Object.entries(nodes).map(([id, { type }]) => [id, type]), links]));
export function createBatchStore(database: Database): BatchStore {
  const data = createBatchData(database);
  const records = createRowRecords(database, data);
  const columns =
    'number, id, name, status, created, finished, priority, place, body, data_rows, count, done, failed, forgiven, seconds, last_seq, last_recorded, score_names';
  const select = database.prepare<[string], BatchRow>(`SELECT ${columns} FROM batches WHERE id = ?`);
  const selectKey = database.prepare<[string], BatchRow>(`SELECT ${columns} FROM batches WHERE client_key = ?`);
  const selectAll = database.prepare<[number], BatchRow>(`SELECT ${columns} FROM batches ORDER BY number DESC LIMIT ?`);
  const selectOpen = database.prepare<[], BatchRow>(
    `SELECT ${columns} FROM batches WHERE status IN ('queued', 'running') ORDER BY priority DESC, place`,
  );
  const insert = database.prepare(
    "INSERT INTO batches (id, client_key, name, status, created, priority, place, graph_digest, body, data_rows, count) VALUES (?, ?, ?, 'queued', ?, ?, ?, ?, ?, ?, ?)",
  );
  const updateCount = database.prepare('UPDATE batches SET data_rows = ?, count = ? WHERE number = ?');
  const insertEvent = database.prepare('INSERT INTO batch_events (batch, seq, time, body) VALUES (?, ?, ?, ?)');
  const updateStatus = database.prepare('UPDATE batches SET last_seq = ?, status = ?, finished = ? WHERE number = ?');
  const selectEvents = database.prepare<[number, number, number], { seq: number; time: string; body: string }>(
    'SELECT seq, time, body FROM batch_events WHERE batch = ? AND seq > ? ORDER BY seq LIMIT ?',
  );
  const updateRecorded = database.prepare(
    'UPDATE batches SET done = done + ?, failed = failed + ?, seconds = seconds + ?, last_recorded = ?, score_names = ? WHERE number = ?',
  );
  const updateRetry = database.prepare('UPDATE batches SET failed = 0, forgiven = 0 WHERE number = ?');
  const updateForgiven = database.prepare('UPDATE batches SET forgiven = failed WHERE number = ?');
  const updatePlace = database.prepare('UPDATE batches SET priority = ?, place = ? WHERE number = ?');
  /** Counts places of runs and batches alike, so that they compare. */
  const bump = database.prepare<[], number>('UPDATE queue SET counter = counter + 1 RETURNING counter').pluck();
  const selectSeconds = database.prepare<[string], { name: string; seconds: number; rows: number }>(
    'SELECT name, seconds, done + failed AS rows FROM batches WHERE graph_digest = ? AND done > 0 ORDER BY number DESC LIMIT 1',
  );
  const remove = database.prepare('DELETE FROM batches WHERE number = ?');

  const bodies = new Map<number, BatchBody>();
  const bodyOf = ({ number, body }: BatchRow): BatchBody => {
    const known = bodies.get(number);
    if (known) return known;
    if (bodies.size >= KEPT_BODIES) bodies.delete(bodies.keys().next().value!);
    const parsed = JSON.parse(body) as BatchBody;
    bodies.set(number, parsed);
    return parsed;
  };
  const stored = (row: BatchRow): StoredBatch => ({
    ...bodyOf(row),
    number: row.number,
    dataRows: row.data_rows,
    scoreNames: JSON.parse(row.score_names) as string[],
    forgiven: row.forgiven,
    seconds: row.seconds,
    summary: {
      id: row.id,
      name: row.name,
      status: row.status,
      created: row.created,
      finished: row.finished,
      priority: row.priority,
      place: row.place,
      count: row.count,
      done: row.done,
      failed: row.failed,
      lastSeq: row.last_seq,
      lastRecorded: row.last_recorded,
    },
  });
  const rowOf = (id: string): BatchRow => {
    const row = select.get(id);
    if (!row) throw err.NO_SUCH('batch', id);
    return row;
  };
  const write = <A extends unknown[], R>(work: (...args: A) => R): ((...args: A) => R) => database.transaction(work).immediate;
  /** What is answered with it holds after a power cut, too. */
  const promise = <A extends unknown[], R>(work: (...args: A) => R): ((...args: A) => R) => {
    const written = write(work);
    return (...args) => durably(database, () => written(...args));
  };

  const sameAsked = (batch: StoredBatch, key: string, asked: string): StoredBatch => {
    if (batch.asked !== asked) throw err.KEY_TAKEN(key, `batch ${batch.summary.id}`);
    return batch;
  };

  const append = write((id: string, body: BatchEventBody): BatchEvent => {
    const row = rowOf(id);
    const seq = row.last_seq + 1;
    const time = new Date().toISOString();
    const status = statusAfter[body.type] ?? row.status;
    insertEvent.run(row.number, seq, time, JSON.stringify(body));
    updateStatus.run(seq, status, ENDS.includes(status) ? (row.finished ?? time) : null, row.number);
    return { ...body, batch: id, seq, time };
  });
  return {
    valuesOf: records.valuesOf,
    rows: records.rows,
    ran: records.ran,
    recordedSince: records.recordedSince,
    append,
    create: promise(({ name, key, priority, dataRows, blocks, ...body }: NewBatch) => {
      const known = key === null ? undefined : selectKey.get(key);
      if (known) return sameAsked(stored(known), key!, body.asked);
      const id = randomUUID();
      const { lastInsertRowid } = insert.run(
        id,
        key,
        name,
        new Date().toISOString(),
        priority,
        bump.get()!,
        digestOf(body.graph),
        JSON.stringify(body),
        dataRows,
        countRows(body.plan, dataRows),
      );
      data.add(Number(lastInsertRowid), blocks, 0);
      return stored(rowOf(id));
    }),
    get: (id) => stored(rowOf(id)),
    byKey(key, asked) {
      const row = selectKey.get(key);
      return row ? sameAsked(stored(row), key, asked) : null;
    },
    list: (limit) => selectAll.all(limit).map(stored),
    open: () => selectOpen.all().map(stored),
    events: (id, after, limit) =>
      selectEvents
        .all(rowOf(id).number, after, limit)
        .map(({ seq, time, body }) => ({ ...(JSON.parse(body) as BatchEventBody), batch: id, seq, time })),
    addRows: promise((id: string, blocks: readonly string[], dataRows: number) => {
      const row = rowOf(id);
      const all = row.data_rows + dataRows;
      data.add(row.number, blocks, row.data_rows);
      updateCount.run(all, countRows(bodyOf(row).plan, all), row.number);
    }),
    ranRows: (id) => records.ranRows(rowOf(id).number),
    record: promise((id: string, results: readonly RowResult[]) => {
      const row = rowOf(id);
      const batch = stored(row);
      const names = new Set(batch.scoreNames);
      const time = new Date().toISOString();
      let [done, failed, seconds, recorded] = [0, 0, 0, row.last_recorded];
      for (const result of results) {
        if (!records.write(batch, result, time, recorded + 1)) continue;
        recorded++;
        if (result.status === 'finished') done++;
        else failed++;
        seconds += result.seconds;
        for (const name of Object.keys(result.scores)) names.add(name);
      }
      updateRecorded.run(
        done,
        failed,
        seconds,
        recorded,
        names.size > batch.scoreNames.length ? JSON.stringify([...names]) : row.score_names,
        row.number,
      );
    }),
    retryFailed: write((id: string) => {
      const { number } = rowOf(id);
      const rows = records.retryFailed(number);
      updateRetry.run(number);
      return rows;
    }),
    forgive: (id) => void updateForgiven.run(rowOf(id).number),
    reorder: (id, priority, place) => void updatePlace.run(priority, place, rowOf(id).number),
    firstPlace: () => -bump.get()!,
    secondsOf(graph) {
      const found = selectSeconds.get(digestOf(graph));
      return found ? { secondsPerRow: found.seconds / found.rows, from: `batch “${found.name}”` } : null;
    },
    remove: (id) => void remove.run(rowOf(id).number),
  };
}

/** With what it was made of; `secondsLeft` comes from whoever runs it. */
export const detailsOf = (
  { summary, graph, plan, stopAfterErrors, dataRows, scoreNames }: StoredBatch,
  secondsLeft: number | null,
): BatchDetails => ({
  ...summary,
  secondsLeft,
  graph,
  columns: plan.columns,
  matrix: plan.matrix,
  seeds: plan.seeds.map(({ target }) => target),
  runs: plan.runs,
  stopAfterErrors,
  dataRows,
  scoreNames,
});
