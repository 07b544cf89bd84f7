// Batches in the database: what each is made of, the record of every row that was run, and its events.
import { randomUUID, hash } from 'node:crypto';
import type {
  BatchDetails,
  BatchEvent,
  BatchEventBody,
  BatchRowRecord,
  BatchStatus,
  BatchSummary,
  Cell,
  DataRow,
  Graph,
  NodeOutputs,
  Problem,
} from '@facewright/core';
import { durably, type Database } from '../data/database.ts';
import { err } from '../errors.ts';
import { redactProblem } from '../access/redact-secrets.ts';
import { BLOCK } from './check-rows.ts';
import { countRows, placeOf, valuesOf, type RowPlan } from './row-plan.ts';

/** What came of running a row. */
export interface RowResult {
  readonly row: number;
  readonly status: 'finished' | 'failed';
  readonly seconds: number;
  readonly problems: readonly Problem[];
  readonly outputs: Readonly<Record<string, NodeOutputs>>;
  readonly scores: Readonly<Record<string, number>>;
}
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
export interface RowsPage {
  /** Rows after this one. */
  readonly after: number;
  readonly limit: number;
  readonly status?: BatchRowRecord['status'];
}

export interface BatchStore {
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
  firstPlace(priority: number): number;
  /** What a row sets. */
  valuesOf(
    batch: StoredBatch,
    row: number,
  ): { readonly data: DataRow; readonly values: Readonly<Record<string, Cell>>; dataRow: number; run: number };
  /** By row, those that have not been run among them, unless a status is asked for. */
  rows(batch: StoredBatch, page: RowsPage): BatchRowRecord[];
  /** Those that were run, by row. */
  ran(batch: StoredBatch, after: number, limit: number): BatchRowRecord[];
  /** Recorded after a number, in the order of recording. */
  recordedSince(batch: StoredBatch, since: number, limit: number): BatchRowRecord[];
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
/** Blocks of data that are kept, so that a row does not read and parse its neighbours again. */
const KEPT_BLOCKS = 8;
/** What batches are made of, kept parsed: it never changes. */
const KEPT_BODIES = 16;

/** Where nodes lie in the editor does not change how long they take. */
const digestOf = ({ nodes, links }: Graph): string =>
  hash('sha256', JSON.stringify([Object.entries(nodes).map(([id, { type }]) => [id, type]), links]));
/** Of values in the order of their names. */
const rowDigest = (values: Readonly<Record<string, Cell>>): string =>
  hash('sha256', JSON.stringify(Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1)))).slice(0, 16);

export function createBatchStore(database: Database): BatchStore {
  const columns =
    'number, id, name, status, created, finished, priority, place, body, data_rows, count, done, failed, forgiven, seconds, last_seq, last_recorded, score_names';
  const select = database.prepare<[string], BatchRow>(`SELECT ${columns} FROM batches WHERE id = ?`);
  const selectKey = database.prepare<[string], BatchRow>(`SELECT ${columns} FROM batches WHERE client_key = ?`);
  const selectAll = database.prepare<[number], BatchRow>(`SELECT ${columns} FROM batches ORDER BY number DESC LIMIT ?`);
  const selectOpen = database.prepare<[], BatchRow>(
    `SELECT ${columns} FROM batches WHERE status IN ('queued', 'running') ORDER BY priority DESC, place`,
  );
  const insert = database.prepare(
    "INSERT INTO batches (id, client_key, name, status, created, priority, place, graph_digest, body, data_rows, count) VALUES (?, ?, ?, 'queued', ?, ?, (SELECT coalesce(max(number), 0) + 1 FROM batches), ?, ?, ?, ?)",
  );
  const insertData = database.prepare('INSERT INTO batch_data (batch, first, rows) VALUES (?, ?, ?)');
  const selectData = database.prepare<[number, number], { first: number; rows: string }>(
    'SELECT first, rows FROM batch_data WHERE batch = ? AND first <= ? ORDER BY first DESC LIMIT 1',
  );
  const updateCount = database.prepare('UPDATE batches SET data_rows = ?, count = ? WHERE number = ?');
  const insertEvent = database.prepare('INSERT INTO batch_events (batch, seq, time, body) VALUES (?, ?, ?, ?)');
  const updateStatus = database.prepare('UPDATE batches SET last_seq = ?, status = ?, finished = ? WHERE number = ?');
  const selectEvents = database.prepare<[number, number, number], { seq: number; time: string; body: string }>(
    'SELECT seq, time, body FROM batch_events WHERE batch = ? AND seq > ? ORDER BY seq LIMIT ?',
  );
  const record1 = database.prepare(
    `INSERT INTO batch_rows (batch, row, status, digest, attempt, seconds, time, problems, outputs, scores, recorded) VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET status = excluded.status, attempt = attempt + 1, seconds = excluded.seconds, time = excluded.time, problems = excluded.problems, outputs = excluded.outputs, scores = excluded.scores, recorded = excluded.recorded WHERE status = 'waiting'`,
  );
  const updateRecorded = database.prepare(
    'UPDATE batches SET done = done + ?, failed = failed + ?, seconds = seconds + ?, last_recorded = ?, score_names = ? WHERE number = ?',
  );
  const selectRan = database
    .prepare<[number], number>("SELECT row FROM batch_rows WHERE batch = ? AND status <> 'waiting' ORDER BY row")
    .pluck();
  const selectFailed = database
    .prepare<[number], number>("SELECT row FROM batch_rows WHERE batch = ? AND status = 'failed' ORDER BY row")
    .pluck();
  const again = database.prepare("UPDATE batch_rows SET status = 'waiting' WHERE batch = ? AND status = 'failed'");
  const updateRetry = database.prepare('UPDATE batches SET failed = 0, forgiven = 0 WHERE number = ?');
  const updateForgiven = database.prepare('UPDATE batches SET forgiven = failed WHERE number = ?');
  const updatePlace = database.prepare('UPDATE batches SET priority = ?, place = ? WHERE number = ?');
  const selectFirst = database.prepare<[number], number | null>('SELECT min(place) FROM batches WHERE priority = ?').pluck();
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
  const addBlocks = (number: number, blocks: readonly string[], first: number) => {
    // All but the last are full.
    let at = first;
    for (const block of blocks) {
      insertData.run(number, at, block);
      at += BLOCK;
    }
  };

  const kept = new Map<string, readonly (readonly Cell[])[]>();
  function dataRowOf({ number, plan }: StoredBatch, index: number): DataRow {
    let first: number | undefined;
    for (const key of kept.keys()) {
      const [batch, start] = key.split(':').map(Number) as [number, number];
      if (batch === number && index >= start && index < start + kept.get(key)!.length) first = start;
    }
    if (first === undefined) {
      const block = selectData.get(number, index)!;
      first = block.first;
      kept.set(`${number}:${first}`, JSON.parse(block.rows) as Cell[][]);
      if (kept.size > KEPT_BLOCKS) kept.delete(kept.keys().next().value!);
    }
    const cells = kept.get(`${number}:${first}`)![index - first]!;
    return Object.fromEntries(plan.columns.map(({ column }, i) => [column, cells[i] ?? null]));
  }
  const values: BatchStore['valuesOf'] = (batch, row) => {
    const { dataRow, picks, run } = placeOf(batch.plan, row - 1);
    const data = dataRowOf(batch, dataRow);
    return { data, values: valuesOf(batch.plan, data, picks, run), dataRow: dataRow + 1, run: run + 1 };
  };
  const toRecord = (batch: StoredBatch, { problems, outputs, scores, ...rest }: RecordRow): BatchRowRecord => ({
    ...rest,
    problems: JSON.parse(problems) as Problem[],
    outputs: JSON.parse(outputs) as BatchRowRecord['outputs'],
    scores: JSON.parse(scores) as BatchRowRecord['scores'],
    ...values(batch, rest.row),
  });
  const unrun = (batch: StoredBatch, row: number): BatchRowRecord => {
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
        digestOf(body.graph),
        JSON.stringify(body),
        dataRows,
        countRows(body.plan, dataRows),
      );
      addBlocks(Number(lastInsertRowid), blocks, 0);
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
      addBlocks(row.number, blocks, row.data_rows);
      updateCount.run(all, countRows(bodyOf(row).plan, all), row.number);
    }),
    ranRows: (id) => selectRan.iterate(rowOf(id).number),
    record: promise((id: string, results: readonly RowResult[]) => {
      const row = rowOf(id);
      const batch = stored(row);
      const names = new Set(batch.scoreNames);
      const time = new Date().toISOString();
      let [done, failed, seconds, recorded] = [0, 0, 0, row.last_recorded];
      for (const result of results) {
        const { changes } = record1.run(
          row.number,
          result.row,
          result.status,
          rowDigest(values(batch, result.row).values),
          result.seconds,
          time,
          JSON.stringify(result.problems.map(redactProblem)),
          JSON.stringify(result.outputs),
          JSON.stringify(result.scores),
          recorded + 1,
        );
        if (changes === 0) continue;
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
      const rows = selectFailed.all(number);
      again.run(number);
      updateRetry.run(number);
      return rows;
    }),
    forgive: (id) => void updateForgiven.run(rowOf(id).number),
    reorder: (id, priority, place) => void updatePlace.run(priority, place, rowOf(id).number),
    firstPlace: (priority) => selectFirst.get(priority) ?? 0,
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
