import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunEvent } from '@facewright/core';
import { expect, it } from 'vitest';
import { openDataFolder } from './data-folder.ts';
import { counting, testQueue } from './fixtures/test-queue.ts';
import { createRunStore } from './run-store.ts';

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
