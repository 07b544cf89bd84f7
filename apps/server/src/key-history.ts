// What each node's last result was made from, to say why it runs again.
import type { KeyHistory, PastResult } from '@facewright/engine';
import type { Database } from './database.ts';

export function createKeyHistory(database: Database): KeyHistory {
  const select = database.prepare<[string, string], { parts: string }>('SELECT parts FROM history WHERE graph = ? AND node = ?');
  const upsert = database.prepare(
    'INSERT INTO history (graph, node, parts) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET parts = excluded.parts',
  );
  return {
    async get(graph, node) {
      const row = select.get(graph, node);
      return row ? (JSON.parse(row.parts) as PastResult) : null;
    },
    async set(graph, node, parts) {
      upsert.run(graph, node, JSON.stringify(parts));
    },
  };
}
