// What must hold of a batch and of runs after every fault: counted, so that a report can say how often it did not.
import { isTerminal, type BatchRowRecord } from '@facewright/core';
import { batchOf, eventsOf, recorded, submit, type ServerUnderTest } from './server-under-test.ts';

/** Rows that were seen as recorded, by their number. */
export type Seen = Map<number, string>;
const faceOf = ({ row, status, recorded: number, time, digest }: BatchRowRecord) => JSON.stringify([row, status, number, time, digest]);

/** Rows recorded since the last look are remembered. */
export async function look(server: ServerUnderTest, batch: string, seen: Seen): Promise<void> {
  for (const row of await recorded(server, batch, seen.size)) seen.set(row.row, faceOf(row));
}

export interface Verdict {
  /** Rows that had been seen as recorded and are gone or others now. */
  readonly lost: number;
  /** Rows recorded more than once, or run again after they were recorded. */
  readonly twice: number;
  /** Rows of the batch without a record at its end, or that failed. */
  readonly missing: number;
  /** Counts of the batch that do not agree with its rows. */
  readonly miscounted: number;
}

/** Of a batch that has ended. */
export async function judgeBatch(server: ServerUnderTest, id: string, seen: Seen): Promise<Verdict> {
  const rows = await recorded(server, id, 0);
  const batch = await batchOf(server, id);
  const byRow = new Map(rows.map((row) => [row.row, row]));
  return {
    lost: [...seen].filter(([row, face]) => !byRow.has(row) || faceOf(byRow.get(row)!) !== face).length,
    twice: rows.length - byRow.size + rows.filter(({ attempt }) => attempt !== 1).length,
    missing: batch.count - [...byRow.values()].filter(({ status }) => status === 'finished').length,
    miscounted: Number(batch.done !== byRow.size) + Number(batch.failed !== 0) + rows.filter((row, i) => row.recorded !== i + 1).length,
  };
}

/** How many of the submitted keys do not have exactly one run that succeeded, with events from 1 without a gap and one end, the last. */
export async function judgeRuns(server: ServerUnderTest, keys: readonly string[]): Promise<number> {
  let wrong = 0;
  const ids = new Set<string>();
  for (const key of keys) {
    // The same key again answers with the run that there is.
    const run = await submit(server, key);
    ids.add(run.id);
    const events = await eventsOf(server, run.id);
    const sound =
      run.status === 'succeeded' &&
      events.every(({ seq }, i) => seq === i + 1) &&
      events.filter(isTerminal).length === 1 &&
      isTerminal(events.at(-1)!);
    wrong += Number(!sound);
  }
  return wrong + keys.length - ids.size;
}
