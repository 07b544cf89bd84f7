// The locks of runs that succeeded: what they were made with is written down at their end; their graph and outputs are kept with them anyway.
import type { Catalogue, RunLock } from '@facewright/core';
import { lockOutputs } from '@facewright/engine';
import type { DataFolder } from '../data/data-folder.ts';
import { lockRun } from './lock-run.ts';
import type { EventSink } from '../observe/active-runs.ts';
import type { Log } from '../observe/log.ts';
import { createEventReader } from '../queue/run-nodes.ts';
import type { RunStore } from '../queue/run-store.ts';

type Facts = Omit<RunLock, 'graph' | 'outputs'>;

export interface RunLocks {
  /** Writes down what a run that succeeds was made with. */
  readonly event: EventSink;
  /** Throws SERVER_NO_LOCK. */
  get(run: string): Promise<RunLock>;
}

export function createRunLocks({
  data,
  catalogue,
  runs,
  deviceOf,
  log,
}: {
  readonly data: DataFolder;
  readonly catalogue: Catalogue;
  readonly runs: RunStore;
  /** What a provider says of itself. */
  deviceOf(provider: string): string;
  readonly log: Log;
}): RunLocks {
  const insert = data.database.prepare('INSERT OR IGNORE INTO run_locks (run, facts) VALUES (?, ?)');
  const select = data.database.prepare<[string], string>('SELECT facts FROM run_locks WHERE run = ?').pluck();
  const eventsOf = createEventReader(data.database, ['run_started', 'node_cached', 'node_finished', 'run_succeeded']);
  const endOf = createEventReader(data.database, ['run_succeeded']);
  /** On their way. */
  const making = new Map<string, Promise<RunLock>>();

  async function make(run: string): Promise<RunLock> {
    const { graph, targets } = runs.get(run)!;
    const lock = await lockRun({ run, graph, targets, events: eventsOf(run), catalogue, data, deviceOf });
    const { graph: _, outputs: __, ...facts } = lock;
    insert.run(run, JSON.stringify(facts satisfies Facts));
    return lock;
  }
  const soon = (run: string): Promise<RunLock> => {
    const known = making.get(run);
    if (known) return known;
    const made = make(run).finally(() => making.delete(run));
    making.set(run, made);
    return made;
  };

  return {
    event({ type, run }) {
      // A failure costs the lock, not the run: it is tried again when somebody asks for it.
      if (type === 'run_succeeded')
        soon(run).catch((cause: Error) => log.warn(`lock: expected to write it down, got ${cause.message}`, { run }));
    },
    async get(run) {
      const facts = select.get(run);
      if (facts === undefined) return soon(run);
      const [end] = endOf(run);
      return { ...(JSON.parse(facts) as Facts), graph: runs.get(run)!.graph, outputs: lockOutputs(end!.outputs) };
    },
  };
}
