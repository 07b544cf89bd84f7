// Tells who listens that a batch has news: events at once, counts a few times a second.

/** How long changes wait for others to be told with, ms. */
const CHANGES_MS = 250;

export interface BatchFeed {
  event(batch: string): void;
  /** Counts, time left or activity of a batch changed. */
  changed(): void;
  /** Gives back how to stop it. */
  listen(event: (batch: string) => void, changed?: () => void): () => void;
  close(): void;
}

export function createBatchFeed(): BatchFeed {
  const listeners = new Set<{ event(batch: string): void; changed?: (() => void) | undefined }>();
  let timer: NodeJS.Timeout | undefined;
  return {
    event(batch) {
      for (const listener of listeners) listener.event(batch);
    },
    changed() {
      timer ??= setTimeout(() => {
        timer = undefined;
        for (const listener of listeners) listener.changed?.();
      }, CHANGES_MS);
    },
    listen(event, changed) {
      const listener = { event, changed };
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      clearTimeout(timer);
      listeners.clear();
    },
  };
}
