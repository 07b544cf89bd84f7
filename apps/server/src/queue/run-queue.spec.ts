import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { counting, testQueue } from '../fixtures/test-queue.ts';
import { createRunStore, type RunStore } from './run-store.ts';

let folder: string, data: DataFolder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-queue-spec-'));
  data = openDataFolder(folder);
});
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const full = () => Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });

describe('the queue of runs, on a full disk', () => {
  it('stops a run whose events find no room, marks it when there is room again, and goes on with the next', async () => {
    const real = createRunStore(data.database);
    let wasFull = false;
    const store: RunStore = {
      ...real,
      append(run, body) {
        if (body.type === 'node_progress' && !wasFull) {
          wasFull = true;
          throw full();
        }
        return real.append(run, body);
      },
    };
    const { queue, events, logged, until, start, stop } = testQueue(folder, store);
    await start();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const first = queue.add({ graph: counting('first', 100_000) }).run;
      const second = queue.add({ graph: counting('second', 2) }).run;
      await until(({ type }) => type === 'run_failed');
      expect(events.filter(({ run }) => run === second.id)).toHaveLength(1);
      vi.advanceTimersByTime(5000);
      await until(({ type }) => type === 'run_succeeded');
      expect(logged).toEqual([expect.stringMatching(/^disk of facewright\.sqlite: /)]);
      expect(real.events(first.id, 0).at(-1)).toMatchObject({ type: 'run_failed', problems: [{ code: 'SERVER_DISK_FULL' }] });
      expect(real.events(second.id, 0).at(-1)).toMatchObject({ type: 'run_succeeded' });
      expect(events.filter(({ run }) => run === first.id)).toEqual(real.events(first.id, 0));
    } finally {
      vi.useRealTimers();
      await stop();
    }
  });
  it('marks a run when there is room again of which not even the end found any, and begins nothing until then', async () => {
    const real = createRunStore(data.database);
    let isFull = true;
    const ends = Promise.withResolvers<void>();
    const store: RunStore = {
      ...real,
      append(run, body) {
        if (isFull && body.type === 'run_failed') ends.resolve();
        if (isFull && body.type !== 'run_queued') throw full();
        return real.append(run, body);
      },
    };
    const { queue, logged, until, start, stop } = testQueue(folder, store);
    await start();
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const { id } = queue.add({ graph: counting('third', 100_000) }).run;
      const next = queue.add({ graph: counting('fourth', 2) }).run;
      await ends.promise;
      vi.advanceTimersByTime(60_000);
      expect(logged).toHaveLength(1);
      expect([id, next.id].map((run) => real.find(run)!.status)).toEqual(['queued', 'queued']);
      expect(real.find(next.id)!.attempts).toBe(0);
      isFull = false;
      vi.advanceTimersByTime(5000);
      expect(real.find(id)!.status).toBe('failed');
      expect(real.events(id, 0).at(-1)).toMatchObject({ type: 'run_failed', problems: [{ code: 'SERVER_DISK_FULL' }] });
      expect(vi.getTimerCount()).toBe(0);
      await until(({ run, type }) => run === next.id && type === 'run_succeeded');
    } finally {
      vi.useRealTimers();
      await stop();
    }
  });
});

describe('a run whose worker dies', () => {
  it('each time before it got further is given up, with what to do, and the next one runs', async () => {
    const { queue, events, until, start, stop } = testQueue(folder, createRunStore(data.database), { nodes: 'fault-nodes' });
    await start();
    try {
      const fault = (type: string): Graph => ({
        ...counting(type, 1),
        links: [],
        nodes: { it: { type: `test/${type}`, version: 1, values: {} } },
      });
      const { id } = queue.add({ graph: fault('throw') }).run;
      const next = queue.add({ graph: fault('fine') }).run;
      const end = await until(({ run, type }) => run === id && type === 'run_failed');
      expect(end).toMatchObject({
        problems: [{ code: 'SERVER_GIVEN_UP', node: 'it', message: expect.stringMatching(/3 attempts.*out of paint.*Retry/s) }],
      });
      const attempt = ['run_started', 'node_started', 'worker_lost'];
      expect(events.filter(({ run, type }) => run === id && type !== 'node_log').map(({ type }) => type)).toEqual([
        'run_queued',
        ...[...attempt, 'run_interrupted', ...attempt, 'run_interrupted', ...attempt],
        'run_failed',
      ]);
      await until(({ run, type }) => run === next.id && type === 'run_succeeded');
    } finally {
      await stop();
    }
  }, 20_000);
  it('goes on as long as it gets further, however often that is', async () => {
    const store = createRunStore(data.database);
    const { queue, supervisors, events, until, start, stop } = testQueue(folder, store);
    await start();
    try {
      const { id } = queue.add({ graph: counting('further', 100_000) }).run;
      for (let most = 0, i = 0; i < 4; i++) {
        await until((event) => event.type === 'node_progress' && event.run === id && event.done > most);
        most = Math.max(...events.map((event) => (event.type === 'node_progress' && event.run === id ? event.done : 0)));
        process.kill(supervisors[0]!.pid()!, 'SIGKILL');
        await until(() => events.filter(({ run, type }) => run === id && type === 'run_interrupted').length > i);
      }
      expect(store.find(id)).toMatchObject({ finished: null, status: 'queued' });
      queue.cancel(id);
      await until(({ run, type }) => run === id && type === 'run_cancelled');
    } finally {
      await stop();
    }
  }, 20_000);
});
