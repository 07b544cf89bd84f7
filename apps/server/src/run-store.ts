// Runs and their events: append-only, numbered from 1 without gaps, nothing after the terminal event.
import { isTerminal, type Graph, type RunEvent, type RunEventBody, type RunSummary } from '@facewright/core';
import type { Database } from './database.ts';

interface RunRow {
  id: string;
  name: string;
  status: RunSummary['status'];
  created: string;
  finished: string | null;
  last_seq: number;
}

export interface RunStore {
  create(id: string, graph: Graph): RunSummary;
  get(id: string): { readonly run: RunSummary; readonly graph: Graph } | null;
  /** Newest first. */
  list(limit: number): RunSummary[];
  /** Oldest first. */
  withStatus(status: RunSummary['status']): RunSummary[];
  /** Numbers, stamps and stores an event, and brings the run's status up to date. Null when the run has ended: then there is nothing more to say. */
  append(run: string, body: RunEventBody): RunEvent | null;
  /** Events after a sequence number, in order. */
  events(run: string, after: number): RunEvent[];
  /** Events whose JSON holds the text, in order. */
  eventsWith(run: string, text: string): RunEvent[];
}

const summary = ({ id, name, status, created, finished, last_seq: lastSeq }: RunRow): RunSummary => ({
  id,
  name,
  status,
  created,
  finished,
  lastSeq,
});
interface EventRow {
  seq: number;
  time: string;
  body: string;
}
const statusAfter = ({ type }: RunEventBody): RunSummary['status'] | undefined => {
  switch (type) {
    case 'run_started':
    case 'run_continued':
      return 'running';
    case 'run_paused':
      return 'paused';
    case 'run_succeeded':
      return 'succeeded';
    case 'run_failed':
      return 'failed';
    case 'run_cancelled':
      return 'cancelled';
    default:
      return undefined;
  }
};

export function createRunStore(database: Database): RunStore {
  const columns = 'id, name, status, created, finished, last_seq';
  const insertRun = database.prepare("INSERT INTO runs (id, name, status, created, last_seq, graph) VALUES (?, ?, 'queued', ?, 0, ?)");
  const selectRun = database.prepare<[string], RunRow & { graph: string }>(`SELECT ${columns}, graph FROM runs WHERE id = ?`);
  const selectStatus = database.prepare<[string], RunRow>(`SELECT ${columns} FROM runs WHERE id = ?`);
  const selectRuns = database.prepare<[number], RunRow>(`SELECT ${columns} FROM runs ORDER BY created DESC, rowid DESC LIMIT ?`);
  const selectWith = database.prepare<[string], RunRow>(`SELECT ${columns} FROM runs WHERE status = ? ORDER BY created, rowid`);
  const insertEvent = database.prepare('INSERT INTO events (run, seq, time, body) VALUES (?, ?, ?, ?)');
  const updateRun = database.prepare('UPDATE runs SET last_seq = ?, status = ?, finished = ? WHERE id = ?');
  const selectEvents = database.prepare<[string, number], EventRow>(
    'SELECT seq, time, body FROM events WHERE run = ? AND seq > ? ORDER BY seq',
  );
  const selectEventsWith = database.prepare<[string, string], EventRow>(
    'SELECT seq, time, body FROM events WHERE run = ? AND instr(body, ?) > 0 ORDER BY seq',
  );
  const toEvent =
    (run: string) =>
    ({ seq, time, body }: EventRow): RunEvent => ({ ...(JSON.parse(body) as RunEventBody), run, seq, time });

  const append = database.transaction((run: string, body: RunEventBody): RunEvent | null => {
    const row = selectStatus.get(run);
    if (!row || row.finished !== null) return null;
    const seq = row.last_seq + 1;
    const time = new Date().toISOString();
    insertEvent.run(run, seq, time, JSON.stringify(body));
    updateRun.run(seq, statusAfter(body) ?? row.status, isTerminal(body) ? time : null, run);
    return { ...body, run, seq, time };
  });
  const get: RunStore['get'] = (id) => {
    const row = selectRun.get(id);
    return row ? { run: summary(row), graph: JSON.parse(row.graph) as Graph } : null;
  };
  return {
    // Takes the write lock before it reads: the worker writes to the same file, and what was read must not be old when the event is written.
    append: (run, body) => append.immediate(run, body),
    get,
    create(id, graph) {
      insertRun.run(id, graph.name, new Date().toISOString(), JSON.stringify(graph));
      return get(id)!.run;
    },
    list: (limit) => selectRuns.all(limit).map(summary),
    withStatus: (status) => selectWith.all(status).map(summary),
    events: (run, after) => selectEvents.all(run, after).map(toEvent(run)),
    eventsWith: (run, text) => selectEventsWith.all(run, text).map(toEvent(run)),
  };
}
