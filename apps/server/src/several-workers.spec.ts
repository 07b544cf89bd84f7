import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, RunEvent } from '@facewright/core';
import { expect, it } from 'vitest';
import { openDataFolder } from './data-folder.ts';
import { silentLog } from './observe/log.ts';
import { createRunQueue } from './run-queue.ts';
import { createRunStore } from './run-store.ts';
import { createSupervisor } from './worker-supervisor.ts';

const counting = (name: string, steps: number): Graph => ({
  facewright: 1,
  name,
  description: '',
  groups: [],
  links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
  nodes: { count: { type: 'test/count', version: 1, values: { steps } }, show: { type: 'test/show', version: 1, values: {} } },
});

it('runs go to the worker that is free, and a worker that dies takes only its own run with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'several-workers-spec-'));
  const data = openDataFolder(folder);
  const supervisors = [1, 2].map(() =>
    createSupervisor({
      setup: {
        dataFolder: folder,
        models: [],
        provider: 'null',
        nodes: new URL('./fixtures/test-nodes.ts', import.meta.url).href,
        sharedBy: 2,
      },
      log: silentLog,
      cancelGraceMs: 5000,
    }),
  );
  const events: RunEvent[] = [];
  const waiting = new Set<() => void>();
  const until = (what: (event: RunEvent) => boolean) =>
    new Promise<void>((resolve) => {
      waiting.add(() => events.some(what) && resolve());
    });
  const queue = createRunQueue({
    store: createRunStore(data.database),
    supervisors,
    log: { error: () => {} },
    onChange: () => {},
    onEvent(event) {
      events.push(event);
      for (const look of waiting) look();
    },
  });
  const isOf = (run: { id: string }, type: RunEvent['type']) => (event: RunEvent) => event.run === run.id && event.type === type;
  try {
    await queue.start();
    const [first, second, third] = [
      queue.add(counting('first', 100_000)),
      queue.add(counting('second', 100_001)),
      queue.add(counting('third', 2)),
    ];
    await Promise.all([until(isOf(first!, 'node_progress')), until(isOf(second!, 'node_progress'))]);
    expect(events.filter(({ run }) => run === third!.id).map(({ type }) => type)).toEqual(['run_queued']);
    const [killed, other] = supervisors.map((supervisor) => supervisor.pid()!);
    expect(killed).not.toBe(other);
    process.kill(killed!, 'SIGKILL');
    await Promise.all([until(isOf(first!, 'worker_lost')), until(isOf(third!, 'run_succeeded'))]);
    expect(supervisors[1]!.pid()).toBe(other);
    const progress = events.filter(isOf(second!, 'node_progress')).length;
    await until((event) => isOf(second!, 'node_progress')(event) && events.filter(isOf(second!, 'node_progress')).length > progress);
    queue.cancel(second!.id);
    await until(isOf(second!, 'run_cancelled'));
  } finally {
    await queue.stop(0);
    data.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}, 20_000);
