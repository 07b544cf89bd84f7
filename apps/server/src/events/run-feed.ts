// What is new of runs and of the queue, told in bundles: however many events a second, whoever listens is called a few dozen times.
import type { RunEvent } from '@facewright/core';

/** How long events and changes of the queue wait for others to be told with, ms; events at least as long as telling the last ones took, so that half of the time is left for other work however many listen. */
const EVENTS_MS = 25;
const QUEUE_MS = 150;

export interface FeedListener {
  /** Events since the last call, by run, each without a gap. */
  events?(fresh: ReadonlyMap<string, readonly RunEvent[]>): void;
  queue?(): void;
}
export interface RunFeed {
  event(event: RunEvent): void;
  queueChanged(): void;
  /** Gives back how to stop it. */
  listen(listener: FeedListener): () => void;
  /** The number up to which listeners have been told the run's events; Infinity when nothing waits. */
  told(run: string): number;
  close(): void;
}

export function createRunFeed(): RunFeed {
  const listeners = new Set<FeedListener>();
  let fresh = new Map<string, RunEvent[]>();
  let events: NodeJS.Timeout | undefined;
  let queue: NodeJS.Timeout | undefined;
  let took = 0;
  const tell = () => {
    const begun = performance.now();
    events = undefined;
    const told = fresh;
    fresh = new Map();
    for (const listener of listeners) listener.events?.(told);
    took = performance.now() - begun;
  };
  return {
    event(event) {
      const waiting = fresh.get(event.run);
      if (waiting) waiting.push(event);
      else fresh.set(event.run, [event]);
      events ??= setTimeout(tell, Math.max(EVENTS_MS, took));
    },
    queueChanged() {
      queue ??= setTimeout(() => {
        queue = undefined;
        for (const listener of listeners) listener.queue?.();
      }, QUEUE_MS);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    told: (run) => (fresh.get(run)?.[0]?.seq ?? Infinity) - 1,
    close() {
      clearTimeout(events);
      clearTimeout(queue);
      listeners.clear();
    },
  };
}
