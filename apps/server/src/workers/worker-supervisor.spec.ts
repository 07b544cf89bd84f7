import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Graph, RunEventBody } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFolder } from '../data/data-folder.ts';
import { createSupervisor, type JobEnd, type Supervisor, type WorkerLimits } from './worker-supervisor.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worker-supervisor-spec-'));
  openDataFolder(folder).close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

const forever = 1e9;
const graph = (type: string, value = 1): Graph => ({
  facewright: 1,
  name: type,
  description: '',
  groups: [],
  links: [],
  nodes: { a: { type: `test/${type}`, version: 1, values: { value } } },
});
const quick: Partial<WorkerLimits> = { beatMs: 20, silentMs: 5000, hangMs: 60_000 };

interface Work {
  readonly supervisor: Supervisor;
  readonly errors: readonly string[];
  readonly events: readonly RunEventBody[];
  perform(graph: Graph): Promise<JobEnd>;
  /** Until the only node of the graph is at work, and the worker has given a sign of life. */
  atWork(): Promise<void>;
}
/** One supervised worker for the time of a test. */
async function supervised(limits: Partial<WorkerLimits>, test: (work: Work) => Promise<void>): Promise<void> {
  const errors: string[] = [];
  const events: RunEventBody[] = [];
  const supervisor = createSupervisor({
    setup: {
      dataFolder: folder,
      models: [],
      provider: 'null',
      nodes: new URL('../fixtures/fault-nodes.ts', import.meta.url).href,
      sharedBy: 1,
    },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: (message) => errors.push(message) },
    cancelGraceMs: 300,
    limits: { ...quick, ...limits },
  });
  let runs = 0;
  try {
    await supervisor.start();
    await test({
      supervisor,
      errors,
      events,
      perform: (graph) => supervisor.perform({ type: 'run', run: `run${++runs}`, graph }, { event: (event) => events.push(event) }),
      async atWork() {
        const isAtWork = () => supervisor.state().node !== null && supervisor.state().memory !== null;
        for (let i = 0; i < 500 && !isAtWork(); i++) await sleep(10);
        expect(supervisor.state().node).toBe('a');
      },
    });
  } finally {
    await supervisor.stop(0);
  }
}
/** The job after a loss is done by another worker. */
async function recovers({ supervisor, perform, events }: Work, pid: number | null): Promise<void> {
  expect(await perform(graph('fine', Math.random()))).toEqual({ type: 'done' });
  expect(events.at(-1)).toMatchObject({ type: 'run_succeeded' });
  expect(supervisor.pid()).not.toBe(pid);
}

describe('a supervised worker', () => {
  it('that is inside one call is seen to be alive, and goes on', () =>
    supervised({}, async (work) => {
      const end = work.perform(graph('block', 700));
      await work.atWork();
      for (let i = 0; i < 500 && work.supervisor.state().inCall < 0.3; i++) await sleep(10);
      expect(work.supervisor.state()).toMatchObject({ busy: true, node: 'a' });
      expect(work.supervisor.state().memory).toBeGreaterThan(1e7);
      expect(await end).toEqual({ type: 'done' });
      for (let i = 0; i < 500 && work.supervisor.state().inCall > 0; i++) await sleep(10);
      expect(work.supervisor.state()).toMatchObject({ busy: false, node: null, inCall: 0 });
      expect(work.errors).toEqual([]);
    }));
  it('that is killed takes the job with it, and the loss names the node', () =>
    supervised({}, async (work) => {
      const end = work.perform(graph('block', forever));
      await work.atWork();
      const pid = work.supervisor.pid();
      process.kill(pid!, 'SIGKILL');
      expect(await end).toMatchObject({
        type: 'lost',
        why: 'crash',
        problem: {
          code: 'SERVER_WORKER_LOST',
          node: 'a',
          message: expect.stringMatching(/^node a: worker: .* signal SIGKILL, holding \d+ MB/),
        },
      });
      expect(work.errors).toEqual([expect.stringContaining('signal SIGKILL')]);
      await recovers(work, pid);
    }));
  it('that ends before it is ready is started again, as often as it takes, and the job is done', () =>
    supervised({}, async (work) => {
      const end = work.perform(graph('block', forever));
      await work.atWork();
      process.kill(work.supervisor.pid()!, 'SIGKILL');
      await end;
      const again = work.perform(graph('fine', 7));
      for (let killed = 0, last = 0; killed < 4; await sleep(5)) {
        const pid = work.supervisor.pid();
        if (pid === null || pid === last) continue;
        process.kill((last = pid), 'SIGKILL');
        killed++;
      }
      expect(await again).toEqual({ type: 'done' });
    }));
  it('that does not come back from a call is ended', () =>
    supervised({ hangMs: 400 }, async (work) => {
      const pid = work.supervisor.pid();
      expect(await work.perform(graph('block', forever))).toMatchObject({
        type: 'lost',
        why: 'hang',
        problem: { code: 'SERVER_WORKER_HANGS', node: 'a', message: expect.stringMatching(/^node a: .*--hang-after/) },
      });
      await recovers(work, pid);
    }));
  it('that does not come back from a row of a batch is ended, and the loss names the node', () =>
    supervised({ hangMs: 400 }, async (work) => {
      const job = { type: 'rows', batch: 'b', graph: graph('block', forever), mostErrors: null, rows: [{ row: 0, values: {} }] } as const;
      expect(await work.supervisor.perform(job, { event: () => {} })).toMatchObject({ type: 'lost', why: 'hang', problem: { node: 'a' } });
    }));
  it('whose process is stopped is ended when it has given no sign of life for long enough', () =>
    supervised({ silentMs: 1000 }, async (work) => {
      const end = work.perform(graph('block', forever));
      await work.atWork();
      const pid = work.supervisor.pid();
      process.kill(pid!, 'SIGSTOP');
      expect(await end).toMatchObject({ type: 'lost', why: 'hang', problem: { code: 'SERVER_WORKER_SILENT', node: 'a' } });
      await recovers(work, pid);
    }));
  it('that is stopped between two jobs is replaced', () =>
    supervised({ silentMs: 1000 }, async (work) => {
      const pid = work.supervisor.pid();
      process.kill(pid!, 'SIGSTOP');
      for (let i = 0; i < 500 && work.supervisor.pid() !== null; i++) await sleep(10);
      await recovers(work, pid);
    }));
  it('that fills its heap is said to have run out of memory', async () => {
    const before = process.env['NODE_OPTIONS'];
    process.env['NODE_OPTIONS'] = '--max-old-space-size=48';
    try {
      await supervised({}, async (work) => {
        const pid = work.supervisor.pid();
        expect(await work.perform(graph('hog'))).toMatchObject({
          type: 'lost',
          why: 'memory',
          problem: { code: 'SERVER_WORKER_MEMORY', node: 'a', message: expect.stringContaining('heap out of memory') },
        });
        await recovers(work, pid);
      });
    } finally {
      if (before === undefined) delete process.env['NODE_OPTIONS'];
      else process.env['NODE_OPTIONS'] = before;
    }
  });
  it('that ends by an error that nobody caught says which', () =>
    supervised({}, async (work) => {
      const pid = work.supervisor.pid();
      expect(await work.perform(graph('throw'))).toMatchObject({
        type: 'lost',
        why: 'crash',
        problem: { code: 'SERVER_WORKER_LOST', node: 'a', message: expect.stringContaining('exit code 1 (Error: out of paint)') },
      });
      await recovers(work, pid);
    }));
  it('is replaced after its number of jobs, between two of them', () =>
    supervised({ jobs: 2 }, async (work) => {
      const pids = [];
      for (let i = 0; i < 3; i++) {
        pids.push(work.supervisor.pid());
        expect(await work.perform(graph('fine', i))).toEqual({ type: 'done' });
      }
      pids.push(work.supervisor.pid());
      expect(pids).toEqual([pids[0], pids[0], null, expect.any(Number)]);
      expect(pids[3]).not.toBe(pids[0]);
      expect(work.events.filter(({ type }) => type === 'run_succeeded')).toHaveLength(3);
    }));
  it('that is inside a call when its job is cancelled is ended after the grace period', () =>
    supervised({}, async (work) => {
      const end = work.perform(graph('block', forever));
      await work.atWork();
      const pid = work.supervisor.pid();
      work.supervisor.cancel();
      expect(await end).toEqual({ type: 'stopped' });
      expect(work.errors).toEqual([]);
      await recovers(work, pid);
    }));
});
