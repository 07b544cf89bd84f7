// Tells who listens that a batch has news: events at once, counts a few times a second.

/** How long changes wait for others to be told with, ms. */
const CHANGES_MS = 250;

export interface BatchFeed {
  event(batch: string): void;
  /** Counts, time left or activity of a batch changed. */
  changed(batch: string): void;
  /** Gives back how to stop it. */
  listen(event: (batch: string) => void, changed?: (batches: ReadonlySet<string>) => void): () => void;
  close(): void;
}

export function createBatchFeed(): BatchFeed {
  const listeners = new Set<{ event(batch: string): void; changed?: ((batches: ReadonlySet<string>) => void) | undefined }>();
  let fresh = new Set<string>();
  let timer: NodeJS.Timeout | undefined;
  return {
    event(batch) {
      for (const listener of listeners) listener.event(batch);
    },
    changed(batch) {
      fresh.add(batch);
      timer ??= setTimeout(() => {
        const told = fresh;
        timer = undefined;
        fresh = new Set();
        for (const listener of listeners) listener.changed?.(told);
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
