import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { steps } from './steps.ts';

it('runs from before the queue keep their graphs and get numbers in the order in which they were made', () => {
  const database = new SQLite(':memory:');
  database.exec(readFileSync(join(import.meta.dirname, 'fixtures/001.sql'), 'utf8'));
  migrate(database, steps.slice(0, 3));
  const insert = database.prepare("INSERT INTO runs VALUES (?, 'g', 'queued', ?, NULL, 0, ?)");
  insert.run('second', '2031-01-01', '{"second":true}');
  insert.run('first', '2030-01-01', '{"first":true}');
  const old = database.prepare<[], { id: string; graph: string }>('SELECT id, graph FROM runs ORDER BY created').all();
  migrate(database, steps.slice(0, 4));
  const rows = database.prepare('SELECT id, body AS graph FROM runs JOIN run_graphs ON run = id ORDER BY number').all();
  expect(rows).toEqual(old);
  expect(rows).toHaveLength(3);
  expect(database.prepare('SELECT counter FROM queue').pluck().get()).toBe(3);
  // An asset that only a graph names is kept as before.
  const asset = `sha256:${'1'.repeat(64)}`;
  database
    .prepare('INSERT INTO run_graphs VALUES (?, ?) ON CONFLICT (run) DO UPDATE SET body = excluded.body')
    .run('first', JSON.stringify({ mask: `asset:${asset}` }));
  expect(database.prepare('SELECT owner FROM asset_refs WHERE asset = ?').pluck().all(asset)).toEqual(['run:first']);
  database.exec("DELETE FROM runs WHERE id = 'first'");
  expect(database.prepare('SELECT owner FROM asset_refs WHERE asset = ?').pluck().all(asset)).toEqual([]);
  database.close();
});
