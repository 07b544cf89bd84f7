import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, RunEvent } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openDataFolder, type DataFolder } from './data-folder.ts';
import { silentLog } from './observe/log.ts';
import { createRunQueue } from './run-queue.ts';
import { createRunStore, type RunStore } from './run-store.ts';
import { createSupervisor } from './worker-supervisor.ts';

let folder: string, data: DataFolder;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'run-queue-spec-'));
  data = openDataFolder(folder);
});
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const supervisor = () =>
  createSupervisor({
    setup: {
      dataFolder: folder,
      models: [],
      provider: 'null',
      nodes: new URL('./fixtures/test-nodes.ts', import.meta.url).href,
      sharedBy: 1,
    },
    log: silentLog,
    cancelGraceMs: 5000,
  });
const counting = (name: string, steps: number): Graph => ({
  facewright: 1,
  name,
  description: '',
  groups: [],
  links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
  nodes: { count: { type: 'test/count', version: 1, values: { steps } }, show: { type: 'test/show', version: 1, values: {} } },
});

describe('the queue of runs', () => {
  it('stops a run whose events find no room, marks it when there is room again, and goes on with the next', async () => {
    const real = createRunStore(data.database);
    let wasFull = false;
    const store: RunStore = {
      ...real,
      append(run, body) {
        if (body.type === 'node_progress' && !wasFull) {
          wasFull = true;
          throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
        }
        return real.append(run, body);
      },
    };
    const events: RunEvent[] = [];
    const logged: string[] = [];
    const { promise: both, resolve } = Promise.withResolvers<void>();
    const queue = createRunQueue({
      store,
      supervisors: [supervisor()],
      log: { error: (message) => logged.push(message) },
      onChange: () => {},
      onEvent: (event) => {
        events.push(event);
        if (event.type === 'run_succeeded') resolve();
      },
    });
    await queue.start();
    const first = queue.add(counting('first', 100_000));
    const second = queue.add(counting('second', 2));
    await both;
    await queue.stop(0);
    expect(logged).toEqual([expect.stringMatching(/^disk of facewright\.sqlite: /)]);
    expect(real.events(first.id, 0).at(-1)).toMatchObject({ type: 'run_failed', problems: [{ code: 'SERVER_DISK_FULL' }] });
    expect(real.events(second.id, 0).at(-1)).toMatchObject({ type: 'run_succeeded' });
    expect(events.filter(({ run }) => run === first.id)).toEqual(real.events(first.id, 0));
  });
  it('marks a run when there is room again of which not even the end found any', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const real = createRunStore(data.database);
      let full = true;
      const store: RunStore = {
        ...real,
        append(run, body) {
          if (full && body.type !== 'run_queued') throw Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' });
          return real.append(run, body);
        },
      };
      const logged: string[] = [];
      const { promise: stopped, resolve } = Promise.withResolvers<void>();
      const queue = createRunQueue({
        store,
        supervisors: [supervisor()],
        log: {
          // The first is of an event, the second of the end.
          error: (message) => logged.push(message) === 2 && resolve(),
        },
        onChange: () => {},
        onEvent: () => {},
      });
      await queue.start();
      const { id } = queue.add(counting('third', 100_000));
      await stopped;
      vi.advanceTimersByTime(60_000);
      expect(logged).toHaveLength(2);
      expect(real.get(id)!.run.status).toBe('queued');
      full = false;
      vi.advanceTimersByTime(5000);
      expect(real.get(id)!.run.status).toBe('failed');
      expect(real.events(id, 0).at(-1)).toMatchObject({ type: 'run_failed', problems: [{ code: 'SERVER_DISK_FULL' }] });
      expect(vi.getTimerCount()).toBe(0);
      await queue.stop(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
