// The hand on a run: pause, go on, stop now with what there is.

export interface RunControl {
  /** The run waits at the next gate, or before its next node. */
  pause(): void;
  continue(): void;
  /** Tells the node at work to give what it has; a paused run goes on for that. The nodes after it run whole. */
  stop(): void;
}

/** What the engine needs of a control, beside what users do with it. */
export interface GatedControl extends RunControl {
  readonly paused: boolean;
  /** From a stop until the node that it was meant for has ended. */
  readonly stopping: boolean;
  /** The node that works from now on; null between nodes, when a stop means nothing. `onStop` is called when it is told to stop. */
  at(node: { readonly onStop: () => void } | null): void;
  /** Resolves when the run is not paused. Rejects with the signal's reason. */
  proceed(signal: AbortSignal): Promise<void>;
}

export function createRunControl(): GatedControl {
  let paused = false;
  let stopping = false;
  let current: { readonly onStop: () => void } | null = null;
  let released = Promise.withResolvers<void>();
  const goOn = () => {
    if (!paused) return;
    paused = false;
    released.resolve();
    released = Promise.withResolvers<void>();
  };
  return {
    get paused() {
      return paused;
    },
    get stopping() {
      return stopping;
    },
    pause() {
      // Who wants the result now does not want to wait for it.
      if (!stopping) paused = true;
    },
    continue: goOn,
    stop() {
      if (stopping || !current) return;
      stopping = true;
      current.onStop();
      goOn();
    },
    at(node) {
      current = node;
      stopping = false;
    },
    async proceed(signal) {
      signal.throwIfAborted();
      if (!paused) return;
      const aborted = Promise.withResolvers<never>();
      const abort = () => aborted.reject(signal.reason as Error);
      signal.addEventListener('abort', abort, { once: true });
      try {
        while (paused) await Promise.race([released.promise, aborted.promise]);
      } finally {
        signal.removeEventListener('abort', abort);
      }
    },
  };
}
