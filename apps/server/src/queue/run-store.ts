// Runs, their order in the queue and their events: append-only, numbered from 1 without gaps, nothing after the terminal event.
import {
  isTerminal,
  type Graph,
  type Problem,
  type QueueChange,
  type RunEvent,
  type RunEventBody,
  type RunSummary,
} from '@facewright/core';
import { durably, type Database } from '../data/database.ts';
import { redactEvent } from '../access/redact-secrets.ts';

interface RunRow {
  id: string;
  name: string;
  status: RunSummary['status'];
  created: string;
  finished: string | null;
  last_seq: number;
  number: number;
  priority: number;
  place: number;
  cancelling: number;
  attempts: number;
  retry_of: string | null;
  problem: string | null;
}
interface EventRow {
  seq: number;
  time: string;
  body: string;
}

/** What a run is made from. */
export interface Submission {
  readonly graph: Graph;
  /** Output nodes that are wanted; default: all. */
  readonly targets?: readonly string[] | undefined;
  /** Default 0. */
  readonly priority?: number | undefined;
  /** Before all others of its priority. */
  readonly front?: boolean | undefined;
  /** The submitter's own name for it: there is one run of a key. */
  readonly key?: string | undefined;
  readonly retryOf?: string | undefined;
}
export interface StoredRun {
  readonly run: RunSummary;
  readonly graph: Graph;
  readonly targets?: readonly string[];
}
export interface RunFilter {
  /** Default: all. */
  readonly statuses?: readonly RunSummary['status'][] | undefined;
  /** Part of the name, in any case. */
  readonly name?: string | undefined;
  /** Only those whose number is below. */
  readonly before?: number | undefined;
  readonly offset?: number | undefined;
}
/** Where a run stands: of those that wait, the highest priority goes first; of the same, the lowest place. */
export type Turn = Pick<RunSummary, 'priority' | 'place'>;

export interface RunStore {
  /** The next number: what is counted by it keeps its order whatever the clock says. */
  count(): number;
  create(id: string, submission: Submission): RunSummary;
  get(id: string): StoredRun | null;
  /** Without its graph. */
  find(id: string): RunSummary | null;
  ofKey(key: string): StoredRun | null;
  /** The highest number first. */
  list(limit: number, filter?: RunFilter): RunSummary[];
  /** In the order in which they go. */
  waiting(): RunSummary[];
  /** The first that waits, other than those. */
  first(other: ReadonlySet<string>): RunSummary | null;
  /** Running and paused ones. */
  atWork(): RunSummary[];
  /** How many there are of each status. */
  counts(): Readonly<Record<RunSummary['status'], number>>;
  /** One attempt more. */
  begin(id: string): void;
  /** The attempts until now do not count any more. */
  forgive(id: string): void;
  /** Written down, so that a cancelled run does not go on after the machine lost its power. */
  cancelling(id: string): void;
  move(id: string, to: Partial<Turn>): void;
  /** A place beside that of another that waits. */
  beside(id: string, side: 'before' | 'after'): Turn;
  paused(): boolean;
  pause(paused: boolean): void;
  /** What changed after a cursor; after 0, what there is. Progress is not stored. */
  changes(after: number): Omit<QueueChange, 'progress'>;
  /** Numbers, stamps and stores an event, and brings the run's status up to date. Null when the run has ended: then there is nothing more to say. */
  append(run: string, body: RunEventBody): RunEvent | null;
  /** Events after a sequence number, in order. */
  events(run: string, after: number, limit?: number): RunEvent[];
  /** As many of them as make a message of a fair size. */
  page(run: string, after: number): RunEvent[];
  /** All events, one after the other: there may be many. */
  each(run: string): Iterable<RunEvent>;
  /** Events whose JSON holds the text, in order. */
  eventsWith(run: string, text: string): RunEvent[];
  /** With its events. Who calls it makes sure that the run has ended. */
  remove(run: string): void;
}

/** Of what was missed: how many events are sent at once, and about how much of them. */
const PAGE = 200;
const PAGE_CHARACTERS = 2 ** 17;
/** How many ended runs are told of when a client begins to follow the queue, and how many changes at once. */
const LISTED = 200;

const summary = ({ last_seq: lastSeq, retry_of: retryOf, cancelling, problem, ...row }: RunRow): RunSummary => ({
  ...row,
  lastSeq,
  retryOf,
  cancelling: cancelling === 1,
  problem: problem === null ? null : (JSON.parse(problem) as Problem),
});
const statusAfter = ({ type }: RunEventBody): RunSummary['status'] | undefined => {
  switch (type) {
    case 'run_started':
    case 'run_continued':
      return 'running';
    case 'run_paused':
      return 'paused';
    case 'run_interrupted':
      return 'queued';
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
  const columns = 'id, name, status, created, finished, last_seq, number, priority, place, cancelling, attempts, retry_of, problem';
  const bump = database.prepare<[], number>('UPDATE queue SET counter = counter + 1 RETURNING counter').pluck();
  const insertRun = database.prepare(
    `INSERT INTO runs (id, name, status, created, last_seq, number, changed, priority, place, client_key, retry_of, targets) VALUES (?, ?, 'queued', ?, 0, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertGraph = database.prepare('INSERT INTO run_graphs (run, body) VALUES (?, ?)');
  const selectWhole = (where: string) =>
    database.prepare<[string], RunRow & { targets: string | null; body: string }>(
      `SELECT ${columns}, targets, body FROM runs JOIN run_graphs ON run = id WHERE ${where} = ?`,
    );
  const selectById = selectWhole('id');
  const selectByKey = selectWhole('client_key');
  const selectRun = database.prepare<[string], RunRow>(`SELECT ${columns} FROM runs WHERE id = ?`);
  const inOrder = `SELECT ${columns} FROM runs WHERE status = 'queued' ORDER BY priority DESC, place, number`;
  const selectWaiting = database.prepare<[], RunRow>(inOrder);
  const selectFirst = database.prepare<[string], RunRow>(
    inOrder.replace('ORDER', 'AND id NOT IN (SELECT value FROM json_each(?)) ORDER') + ' LIMIT 1',
  );
  const selectAtWork = database.prepare<[], RunRow>(
    `SELECT ${columns} FROM runs WHERE status IN ('running', 'paused') ORDER BY priority DESC, place, number`,
  );
  const selectRuns = database.prepare<[object], RunRow>(
    `SELECT ${columns} FROM runs WHERE (@statuses IS NULL OR status IN (SELECT value FROM json_each(@statuses)))
     AND (@name IS NULL OR instr(lower(name), lower(@name)) > 0) AND number < @before ORDER BY number DESC LIMIT @limit OFFSET @offset`,
  );
  const selectCounts = database.prepare<[], { status: RunSummary['status']; runs: number }>(
    'SELECT status, count(*) AS runs FROM runs GROUP BY status',
  );
  const updateAttempts = database.prepare('UPDATE runs SET attempts = ? WHERE id = ?');
  const updateCancelling = database.prepare('UPDATE runs SET cancelling = 1 WHERE id = ? AND finished IS NULL');
  const updatePlace = database.prepare('UPDATE runs SET priority = ?, place = ? WHERE id = ?');
  const selectQueue = database.prepare<[], { paused: number; counter: number }>('SELECT paused, counter FROM queue');
  const updatePaused = database.prepare('UPDATE queue SET paused = ?');
  const selectChanged = database.prepare<[number, number], RunRow & { changed: number }>(
    `SELECT ${columns}, changed FROM runs WHERE changed > ? ORDER BY changed LIMIT ?`,
  );
  const selectRemoved = database
    .prepare<[number, number], string>('SELECT id FROM removed_runs WHERE changed > ? AND changed <= ? ORDER BY changed')
    .pluck();
  const insertEvent = database.prepare('INSERT INTO events (run, seq, time, body) VALUES (?, ?, ?, ?)');
  const updateRun = database.prepare('UPDATE runs SET last_seq = ?, status = ?, finished = ?, problem = ?, cancelling = ? WHERE id = ?');
  const selectEvents = database.prepare<[string, number, number], EventRow>(
    'SELECT seq, time, body FROM events WHERE run = ? AND seq > ? ORDER BY seq LIMIT ?',
  );
  const selectEventsWith = database.prepare<[string, string], EventRow>(
    'SELECT seq, time, body FROM events WHERE run = ? AND instr(body, ?) > 0 ORDER BY seq',
  );
  const forgetPreview = database.prepare("UPDATE events SET body = json_set(body, '$.image', '') WHERE run = ? AND seq = ?");
  const forgetPreviews = database.prepare(
    `UPDATE events SET body = json_set(body, '$.image', '') WHERE run = ? AND body LIKE '{"type":"node_preview",%'`,
  );
  /** Of runs at work: the last preview of each node. */
  const previews = new Map<string, Map<string, number>>();
  const deleteEvents = database.prepare('DELETE FROM events WHERE run = ?');
  const deleteRun = database.prepare('DELETE FROM runs WHERE id = ?');
  const toEvent =
    (run: string) =>
    ({ seq, time, body }: EventRow): RunEvent => ({ ...(JSON.parse(body) as RunEventBody), run, seq, time });

  const append = database.transaction((run: string, told: RunEventBody): RunEvent | null => {
    const body = redactEvent(told);
    const row = selectRun.get(run);
    if (!row || row.finished !== null) return null;
    const seq = row.last_seq + 1;
    const time = new Date().toISOString();
    const ends = isTerminal(body);
    const problem = body.type === 'run_failed' ? JSON.stringify(body.problems[0]) : null;
    insertEvent.run(run, seq, time, JSON.stringify(body));
    updateRun.run(seq, statusAfter(body) ?? row.status, ends ? time : null, problem, ends ? 0 : row.cancelling, run);
    if (body.type === 'node_preview') keepLatest(run, body.node, seq);
    if (ends) {
      forgetPreviews.run(run);
      previews.delete(run);
    }
    return { ...body, run, seq, time };
  });
  /** Pictures of unfinished work would outweigh all else that is kept of a run, and nobody asks for an old one. */
  function keepLatest(run: string, node: string, seq: number): void {
    const ofRun = previews.get(run) ?? new Map<string, number>();
    const before = ofRun.get(node);
    if (before !== undefined) forgetPreview.run(run, before);
    previews.set(run, ofRun.set(node, seq));
  }
  const create = database.transaction((id: string, { graph, targets, priority = 0, front = false, key, retryOf }: Submission) => {
    const number = bump.get()!;
    const time = new Date().toISOString();
    const wanted = targets === undefined ? null : JSON.stringify(targets);
    insertRun.run(id, graph.name, time, number, number, priority, front ? -number : number, key ?? null, retryOf ?? null, wanted);
    insertGraph.run(id, JSON.stringify(graph));
    return summary(selectRun.get(id)!);
  });
  const move = database.transaction((id: string, { priority, place }: Partial<Turn>) => {
    const row = selectRun.get(id)!;
    updatePlace.run(priority ?? row.priority, place ?? row.place, id);
  });
  const beside = database.transaction((id: string, side: 'before' | 'after', again = false): Turn => {
    const line = selectWaiting.all().filter(({ priority }) => priority === selectRun.get(id)!.priority);
    const at = line.findIndex((row) => row.id === id);
    const { priority, place } = line[at]!;
    const next = line[side === 'before' ? at - 1 : at + 1];
    if (!next) return { priority, place: side === 'before' ? Math.min(place - 1, -bump.get()!) : Math.max(place + 1, bump.get()!) };
    const between = (place + next.place) / 2;
    if (again || (between !== place && between !== next.place)) return { priority, place: between };
    // The numbers between the two are used up.
    line.forEach((row, i) => updatePlace.run(priority, i, row.id));
    return beside(id, side, true);
  });
  const find = (id: string): RunSummary | null => {
    const row = selectRun.get(id);
    return row ? summary(row) : null;
  };
  const whole = (row: (RunRow & { targets: string | null; body: string }) | undefined): StoredRun | null => {
    if (!row) return null;
    const { targets, body, ...run } = row;
    return {
      run: summary(run),
      graph: JSON.parse(body) as Graph,
      ...(targets !== null && { targets: JSON.parse(targets) as string[] }),
    };
  };
  const list: RunStore['list'] = (limit, { statuses, name = null, before = Number.MAX_SAFE_INTEGER, offset = 0 } = {}) =>
    selectRuns.all({ limit, statuses: statuses ? JSON.stringify(statuses) : null, name, before, offset }).map(summary);
  const changes = database.transaction((after: number): Omit<QueueChange, 'progress'> => {
    const { paused: isPaused, counter } = selectQueue.get()!;
    const paused = isPaused === 1;
    // A cursor from before what is there now was restored is none.
    if (after === 0 || after > counter) {
      const ended = list(LISTED, { statuses: ['succeeded', 'failed', 'cancelled'] });
      const runs = [...selectAtWork.all().map(summary), ...selectWaiting.all().map(summary), ...ended];
      return { cursor: counter, whole: true, more: false, paused, runs, removed: [] };
    }
    const rows = selectChanged.all(after, LISTED);
    const more = rows.length === LISTED;
    const cursor = more ? rows.at(-1)!.changed : counter;
    const runs = rows.map(({ changed: _, ...row }) => summary(row));
    return { cursor, whole: false, more, paused, runs, removed: selectRemoved.all(after, cursor) };
  });

  return {
    count: () => bump.get()!,
    // All that write after they read take the write lock first: the worker writes to the same file, and what was read must not be old then.
    append: (run, body) => (isTerminal(body) ? durably(database, () => append.immediate(run, body)) : append.immediate(run, body)),
    create: (id, submission) => durably(database, () => create.immediate(id, submission)),
    get: (id) => whole(selectById.get(id)),
    find,
    ofKey: (key) => whole(selectByKey.get(key)),
    list,
    waiting: () => selectWaiting.all().map(summary),
    first(other) {
      const row = selectFirst.get(JSON.stringify([...other]));
      return row ? summary(row) : null;
    },
    atWork: () => selectAtWork.all().map(summary),
    counts: () => ({
      ...{ queued: 0, running: 0, paused: 0, succeeded: 0, failed: 0, cancelled: 0 },
      ...Object.fromEntries(selectCounts.all().map(({ status, runs }) => [status, runs])),
    }),
    begin: database.transaction((id: string) => updateAttempts.run(selectRun.get(id)!.attempts + 1, id)).immediate,
    forgive: (id) => void updateAttempts.run(0, id),
    cancelling: (id) => durably(database, () => void updateCancelling.run(id)),
    move: (id, to) => move.immediate(id, to),
    beside: (id, side) => beside.immediate(id, side),
    paused: () => selectQueue.get()!.paused === 1,
    pause: (paused) => durably(database, () => void updatePaused.run(Number(paused))),
    changes: (after) => changes(after),
    events: (run, after, limit = -1) => selectEvents.all(run, after, limit).map(toEvent(run)),
    page(run, after) {
      const events: RunEvent[] = [];
      let characters = 0;
      for (const row of selectEvents.iterate(run, after, PAGE)) {
        events.push(toEvent(run)(row));
        if ((characters += row.body.length) > PAGE_CHARACTERS) break;
      }
      return events;
    },
    *each(run) {
      for (const row of selectEvents.iterate(run, 0, -1)) yield toEvent(run)(row);
    },
    eventsWith: (run, text) => selectEventsWith.all(run, text).map(toEvent(run)),
    remove: database.transaction((run: string) => {
      deleteEvents.run(run);
      deleteRun.run(run);
    }).immediate,
  };
}
