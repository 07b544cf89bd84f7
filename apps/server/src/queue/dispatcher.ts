// Gives each worker that is free the next job of all sources, such as the queue of runs: by priority, then by place.
import { messageOf } from '@facewright/core';
import type { Turn } from './run-store.ts';
import type { Supervisor } from '../workers/worker-supervisor.ts';

/** How soon a source that could not be asked is asked again, ms. */
const ASK_AGAIN_MS = 5000;

export interface JobSource {
  /** Where its next job stands; null when it has none. Asked whenever a worker is free. */
  peek(): Turn | null;
  /** Performs the job that `peek` spoke of. Claims it before its first await, so that `peek` then speaks of the one after it. Never rejects. */
  take(supervisor: Supervisor): Promise<void>;
}
export interface DispatcherOptions {
  readonly supervisors: readonly Supervisor[];
  /** Nothing new begins. */
  paused(): boolean;
  readonly log: { error(message: string): void };
}
export interface Dispatcher {
  add(source: JobSource): void;
  /** A job came into a source, or the queue goes on. */
  wake(): void;
  /** Starts the workers and gives out the first jobs. Rejects with what keeps a worker from starting. */
  start(): Promise<void>;
  readonly stopping: boolean;
  /** Gives out nothing new; waits up to `graceMs` for jobs at work, then has them keep their work and ends them. */
  stop(graceMs: number): Promise<void>;
}

export function createDispatcher({ supervisors, paused, log }: DispatcherOptions): Dispatcher {
  const sources: JobSource[] = [];
  /** Ends of the jobs that were given out. */
  const working = new Map<Supervisor, Promise<void>>();
  let state: 'new' | 'started' | 'stopping' = 'new';
  let again: NodeJS.Timeout | undefined;

  function next(): JobSource | undefined {
    let best: (Turn & { source: JobSource }) | undefined;
    for (const source of sources) {
      const turn = source.peek();
      if (turn && (!best || turn.priority > best.priority || (turn.priority === best.priority && turn.place < best.place)))
        best = { ...turn, source };
    }
    return best?.source;
  }
  function wake(): void {
    if (state !== 'started') return;
    try {
      for (const supervisor of supervisors) {
        if (working.has(supervisor)) continue;
        const source = paused() ? undefined : next();
        if (!source) return;
        working.set(supervisor, work(source, supervisor));
      }
    } catch (error) {
      // What is stored cannot be read just now.
      log.error(messageOf(error));
      again ??= setTimeout(() => {
        again = undefined;
        wake();
      }, ASK_AGAIN_MS).unref();
    }
  }
  async function work(source: JobSource, supervisor: Supervisor): Promise<void> {
    await source.take(supervisor).catch((error: unknown) => log.error(messageOf(error)));
    working.delete(supervisor);
    wake();
  }

  return {
    add: (source) => void sources.push(source),
    wake,
    get stopping() {
      return state === 'stopping';
    },
    async start() {
      await Promise.all(supervisors.map((supervisor) => supervisor.start()));
      state = 'started';
      wake();
    },
    async stop(graceMs) {
      state = 'stopping';
      clearTimeout(again);
      await Promise.all(supervisors.map((supervisor) => supervisor.stop(graceMs)));
      await Promise.all(working.values());
    },
  };
}
