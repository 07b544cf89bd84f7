// Small writes, gathered until the process has a moment and committed together: a commit costs more than what is in it.
const GROUP_MOST = 256;

export interface WriteGroup<V> {
  /** What waits to be written. */
  get(key: string): V | undefined;
  /** The last of a key counts. Throws what the last commit failed with, once; what that held is lost. */
  set(key: string, value: V): void;
  /** Commits what waits. Throws what `write` throws. */
  flush(): void;
}

/** `write` commits all of them or none. */
export function createWriteGroup<V>(write: (entries: ReadonlyMap<string, V>) => void): WriteGroup<V> {
  let waiting = new Map<string, V>();
  let moment: NodeJS.Immediate | undefined;
  let failure: unknown;
  const flush = (): void => {
    clearImmediate(moment);
    moment = undefined;
    if (waiting.size === 0) return;
    const entries = waiting;
    waiting = new Map();
    write(entries);
  };
  return {
    get: (key) => waiting.get(key),
    set(key, value) {
      waiting.set(key, value);
      if (waiting.size >= GROUP_MOST) flush();
      else
        moment ??= setImmediate(() => {
          try {
            flush();
          } catch (cause) {
            failure = cause;
          }
        });
      const before = failure;
      failure = undefined;
      if (before !== undefined) throw before;
    },
    flush,
  };
}
