import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { migrate } from './migrate.ts';
import { steps } from './steps.ts';

let database: SQLite.Database;
beforeEach(() => {
  database = new SQLite(':memory:');
  database.exec(readFileSync(join(import.meta.dirname, 'fixtures/001.sql'), 'utf8'));
  migrate(database, steps.slice(0, 2));
});
afterEach(() => database.close());

const id = (digit: string) => `sha256:${digit.repeat(64)}`;
const refs = (owner: string) =>
  database.prepare<[string], string>('SELECT asset FROM asset_refs WHERE owner = ? ORDER BY asset').pluck().all(owner);
const addRun = (run: string, graph: unknown, ...bodies: unknown[]) => {
  database.prepare("INSERT INTO runs VALUES (?, 'g', 'queued', '', NULL, 0, ?)").run(run, JSON.stringify(graph));
  bodies.forEach((body, i) => database.prepare("INSERT INTO events VALUES (?, ?, '', ?)").run(run, i, JSON.stringify(body)));
};

it('what older rows refer to is known after the step', () => {
  const { body } = database.prepare<[], { body: string }>('SELECT body FROM judging_sets').get()!;
  expect(refs('judging:faces')).toEqual([...body.matchAll(/sha256:[0-9a-f]{64}/g)].map(([asset]) => asset).sort());
  expect(refs('judging:faces')).toHaveLength(2);
});
it('a run keeps the assets of its graph and of its events, wherever in them they are, until it is deleted', () => {
  const asset = (digit: string) => ({ id: id(digit), mediaType: 'image/png', bytes: 1 });
  addRun('r', { nodes: { a: { values: { mask: `asset:${id('1')}`, text: `say ${id('2')} aloud` } } } }, { type: 'node_finished' }, [
    { deep: [{ asset: asset('3') }] },
    asset('4'),
  ]);
  expect(refs('run:r')).toEqual([id('1'), id('3'), id('4')]);
  addRun('other', {}, asset('4'));
  database.exec("DELETE FROM events WHERE run = 'r'; DELETE FROM runs WHERE id = 'r'");
  expect(refs('run:r')).toEqual([]);
  expect(refs('run:other')).toEqual([id('4')]);
});
it('a judging task lets go of its assets when it is deleted', () => {
  database.exec("DELETE FROM judging_tasks WHERE name = 'faces'");
  expect(refs('judging:faces')).toEqual([]);
});
it('JSON that is too deep for SQLite is stored all the same', () => {
  addRun('deep', JSON.parse(`${'['.repeat(1500)}"asset:${id('1')}"${']'.repeat(1500)}`));
  expect(refs('run:deep')).toEqual([]);
});
