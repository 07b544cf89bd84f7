import { createRequire } from 'node:module';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Graph } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDatabase, type Database } from '../data/database.ts';
import { createRunStore } from './run-store.ts';

const graph: Graph = { facewright: 1, name: 'g', description: '', nodes: {}, links: [], groups: [] };
let folder: string, path: string, database: Database;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-store-spec-'));
  path = join(folder, 'facewright.sqlite');
  database = openDatabase(path);
});
afterAll(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

describe('the store of runs', () => {
  it('says nothing after the terminal event, and nothing about runs that do not exist', () => {
    const store = createRunStore(database);
    store.create('a', { graph });
    expect(store.append('a', { type: 'run_queued', name: 'g' })?.seq).toBe(1);
    expect(store.append('a', { type: 'run_cancelled' })?.seq).toBe(2);
    expect(store.append('a', { type: 'run_succeeded', outputs: {}, seconds: 1 })).toBeNull();
    expect(store.append('b', { type: 'run_cancelled' })).toBeNull();
    expect(store.get('a')!.run).toMatchObject({ status: 'cancelled', lastSeq: 2 });
  });
  it('keeps of previews the latest of each node, and none when the run has ended', () => {
    const store = createRunStore(database);
    store.create('seen', { graph });
    for (const [node, image] of [
      ['a', 'one'],
      ['b', 'two'],
      ['a', 'three'],
    ] as const)
      store.append('seen', { type: 'node_preview', node, image });
    const images = () => store.events('seen', 0).map((event) => event.type === 'node_preview' && [event.seq, event.node, event.image]);
    expect(images()).toEqual([
      [1, 'a', ''],
      [2, 'b', 'two'],
      [3, 'a', 'three'],
    ]);
    store.append('seen', { type: 'run_cancelled' });
    expect(images()).toEqual([[1, 'a', ''], [2, 'b', ''], [3, 'a', ''], false]);
  });
  it('keeps its order when the clock jumps back', () => {
    const store = createRunStore(database);
    vi.useFakeTimers({ toFake: ['Date'] });
    try {
      vi.setSystemTime('2030-01-01');
      store.create('earlier', { graph });
      store.append('earlier', { type: 'run_queued', name: 'g' });
      vi.setSystemTime('2020-01-01');
      store.create('later', { graph });
      store.append('earlier', { type: 'run_cancelled' });
    } finally {
      vi.useRealTimers();
    }
    expect(store.list(2).map(({ id }) => id)).toEqual(['later', 'earlier']);
    expect(store.events('earlier', 0).map(({ type }) => type)).toEqual(['run_queued', 'run_cancelled']);
    store.create('last', { graph });
    expect(store.waiting().map(({ id }) => id)).toEqual(['later', 'last']);
    for (const id of ['later', 'last']) store.append(id, { type: 'run_cancelled' });
  });
  it('numbers events without gaps while another connection writes to the same file', async () => {
    const store = createRunStore(database);
    store.create('busy', { graph });
    // As the worker does when a node ends.
    const code = `
      const { workerData, parentPort } = require('node:worker_threads');
      const database = new (require(workerData.sqlite))(workerData.path, { timeout: 10000 });
      database.pragma('synchronous = NORMAL');
      const write = database.prepare("INSERT OR REPLACE INTO history (graph, node, parts) VALUES ('g', ?, '{}')");
      parentPort.postMessage('writing');
      for (const end = Date.now() + 700; Date.now() < end; ) write.run(String(Math.random()));
    `;
    const other = new Worker(code, { eval: true, workerData: { path, sqlite: createRequire(import.meta.url).resolve('better-sqlite3') } });
    let writing = true;
    const exit = new Promise((resolve, reject) => {
      other.on('exit', (status) => {
        writing = false;
        resolve(status);
      });
      other.on('error', reject);
    });
    await new Promise((resolve) => other.once('message', resolve));
    let appended = 0;
    while (writing) {
      for (let i = 0; i < 20; i++) store.append('busy', { type: 'node_log', node: 'n', level: 'info', message: String(++appended) });
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await exit).toBe(0);
    expect(appended).toBeGreaterThan(20);
    expect(store.events('busy', 0).map(({ seq }) => seq)).toEqual(Array.from({ length: appended }, (_, i) => i + 1));
  });
});
