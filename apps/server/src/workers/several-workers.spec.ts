import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '@facewright/core';
import { expect, it } from 'vitest';
import { testNodes } from '../fixtures/test-server.ts';
import { openDataFolder } from '../data/data-folder.ts';
import { counting, testQueue } from '../fixtures/test-queue.ts';
import { createMemoryLedger } from './memory-ledger.ts';
import { silentLog } from '../observe/log.ts';
import { createRunStore } from '../queue/run-store.ts';
import { createSupervisor } from './worker-supervisor.ts';

it('runs go to the worker that is free, and a worker that dies takes only its own run with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'several-workers-spec-'));
  const data = openDataFolder(folder);
  const { queue, supervisors, events, until, start, stop } = testQueue(folder, createRunStore(data.database), { workers: 2 });
  const isOf = (run: { id: string }, type: RunEvent['type']) => (event: RunEvent) => event.run === run.id && event.type === type;
  try {
    await start();
    const [first, second, third] = [
      queue.add({ graph: counting('first', 100_000) }).run,
      queue.add({ graph: counting('second', 100_001) }).run,
      queue.add({ graph: counting('third', 2) }).run,
    ];
    await Promise.all([until(isOf(first!, 'node_progress')), until(isOf(second!, 'node_progress'))]);
    expect(events.filter(({ run }) => run === third!.id).map(({ type }) => type)).toEqual(['run_queued']);
    const [killed, other] = supervisors.map((supervisor) => supervisor.pid()!);
    expect(killed).not.toBe(other);
    process.kill(killed!, 'SIGKILL');
    await until(isOf(first!, 'run_interrupted'));
    queue.cancel(first!.id);
    await Promise.all([until(isOf(first!, 'run_cancelled')), until(isOf(third!, 'run_succeeded'))]);
    expect(supervisors[1]!.pid()).toBe(other);
    const progress = events.filter(isOf(second!, 'node_progress')).length;
    await until(() => events.filter(isOf(second!, 'node_progress')).length > progress);
    queue.cancel(second!.id);
    await until(isOf(second!, 'run_cancelled'));
  } finally {
    await stop();
    data.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}, 20_000);

it('a job waits, and says so, until there is memory for it beside the one at work', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'several-workers-spec-'));
  openDataFolder(folder).close();
  const ledger = createMemoryLedger(() => 100 * 2 ** 20);
  const learned: number[] = [];
  const supervisors = [1, 2].map(() =>
    createSupervisor({
      setup: { dataFolder: folder, models: [], provider: 'null', nodes: testNodes, sharedBy: 2 },
      log: silentLog,
      cancelGraceMs: 5000,
      limits: { beatMs: 20 },
      admission: {
        enter: async (_job, tell) => ledger.enter({ bytes: 70 * 2 ** 20, basis: 'it took 70 MB before' }, tell),
        learn: (_job, peak) => learned.push(peak),
      },
    }),
  );
  try {
    const events: string[] = [];
    const { promise: atWork, resolve } = Promise.withResolvers<void>();
    const perform = (name: string, worker: number) =>
      supervisors[worker]!.perform(
        { type: 'run', run: name, graph: counting(name, worker === 0 ? 30 : 2) },
        {
          event(event) {
            if (event.type === 'node_progress') resolve();
            if (['run_started', 'run_succeeded'].includes(event.type)) events.push(`${name} ${event.type}`);
            if (event.type === 'run_notice') events.push(`${name} ${event.message}`);
          },
        },
      );
    const first = perform('first', 0);
    await atWork;
    const second = perform('second', 1);
    expect(await Promise.all([first, second])).toEqual([{ type: 'done' }, { type: 'done' }]);
    expect(events).toEqual([
      'first run_started',
      'second memory: waits for other jobs to end: it took 70 MB before, they are expected to take 70 MB, and there are 100 MB',
      'first run_succeeded',
      'second run_started',
      'second run_succeeded',
    ]);
    expect(learned[0]).toBeGreaterThan(20 * 2 ** 20);
    // One that waits is cancelled without its worker.
    const third = perform('third', 0);
    const pid = supervisors[1]!.pid();
    const fourth = perform('fourth', 1);
    supervisors[1]!.cancel();
    expect(await Promise.all([third, fourth])).toEqual([{ type: 'done' }, { type: 'stopped' }]);
    expect(supervisors[1]!.pid()).toBe(pid);
  } finally {
    await Promise.all(supervisors.map((supervisor) => supervisor.stop(0)));
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}, 20_000);
