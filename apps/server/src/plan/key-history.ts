// What each node's last result was made from, to say why it runs again.
import type { KeyHistory, PastResult } from '@facewright/engine';
import type { Database } from '../data/database.ts';
import { createWriteGroup } from '../data/write-group.ts';

export interface KeyHistoryStore extends KeyHistory {
  /** Commits what waits. */
  flush(): void;
}

export function createKeyHistory(database: Database): KeyHistoryStore {
  const select = database.prepare<[string, string], { parts: string }>('SELECT parts FROM history WHERE graph = ? AND node = ?');
  const upsert = database.prepare(
    'INSERT INTO history (graph, node, parts) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET parts = excluded.parts',
  );
  const keyOf = (graph: string, node: string) => JSON.stringify([graph, node]);
  const group = createWriteGroup<PastResult>(
    database.transaction((entries: ReadonlyMap<string, PastResult>) => {
      for (const [key, parts] of entries) upsert.run(...(JSON.parse(key) as [string, string]), JSON.stringify(parts));
    }).immediate,
  );
  return {
    async get(graph, node) {
      const waiting = group.get(keyOf(graph, node));
      if (waiting) return structuredClone(waiting);
      const row = select.get(graph, node);
      return row ? (JSON.parse(row.parts) as PastResult) : null;
    },
    async set(graph, node, parts) {
      group.set(keyOf(graph, node), parts);
    },
    flush: group.flush,
  };
}
