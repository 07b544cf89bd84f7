// Open sessions by key: the least recently used closes when there are too many, and opens again by itself when it is needed after all.
import type { Session } from '@facewright/tensor';

export interface SessionCache {
  /** Callers of one key share one opening; an opening that fails is forgotten. The session's `release` does nothing: it belongs to the cache. */
  get(key: string, open: () => Promise<Session>): Promise<Session>;
  /** Closes all. */
  clear(): Promise<void>;
}

/** At most `limit` sessions stay open. */
export function createSessionCache(limit: number): SessionCache {
  const entries = new Map<string, Promise<Session>>();

  function use(key: string, open: () => Promise<Session>): Promise<Session> {
    const opening = entries.get(key) ?? open();
    entries.delete(key);
    entries.set(key, opening);
    opening.catch(() => {
      if (entries.get(key) === opening) entries.delete(key);
    });
    return opening;
  }
  async function shrink(): Promise<void> {
    while (entries.size > limit) {
      const [oldest, opening] = entries.entries().next().value!;
      entries.delete(oldest);
      await (await opening.catch(() => null))?.release();
    }
  }
  return {
    async get(key, open) {
      const { inputs, outputs } = await use(key, open);
      await shrink();
      return {
        inputs,
        outputs,
        // Who holds this handle may have been overtaken by newer sessions: then the graph opens again.
        run: async (feeds) => (await use(key, open)).run(feeds),
        readState: async () => ({}),
        release: async () => {},
      };
    },
    async clear() {
      const open = [...entries.values()];
      entries.clear();
      await Promise.all(open.map(async (opening) => (await opening.catch(() => null))?.release()));
    },
  };
}
