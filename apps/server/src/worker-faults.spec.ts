import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Graph, RunEvent, RunSummary } from '@facewright/core';
import { writeTinyModels } from '@facewright/pipelines/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startServer, type RunningServer } from './start-server.ts';

let folder: string, server: RunningServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-faults-'));
  await writeTinyModels(join(folder, 'tiny'));
  for (const name of ['templates', 'editor']) await mkdir(join(folder, name));
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataFolder: join(folder, '.data'),
    provider: 'cpu',
    log: { info: () => {}, warn: () => {}, error: () => {} },
    nodes: new URL('./fixtures/drawing-nodes.ts', import.meta.url).href,
    templatesFolder: join(folder, 'templates'),
    editorFolder: join(folder, 'editor'),
  });
}, 30_000);
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true, maxRetries: 5 });
});

const graph = (steps: number): Graph => ({
  facewright: 1,
  name: 'drawing',
  description: '',
  groups: [],
  nodes: {
    load: { type: 'facewright/load-diffusion', version: 2, values: { path: join(folder, 'tiny') } },
    prompts: { type: 'facewright/prompts', version: 1, values: { text: 'a face' } },
    draw: { type: 'facewright/sampler', version: 1, values: { steps } },
    save: { type: 'facewright/save-image', version: 1, values: {} },
  },
  links: [
    { from: ['load', 'model'], to: ['draw', 'model'] },
    { from: ['prompts', 'prompts'], to: ['draw', 'prompts'] },
    { from: ['draw', 'images'], to: ['save', 'images'] },
  ],
});
async function start(steps: number): Promise<string> {
  const body = JSON.stringify({ graph: graph(steps) });
  const response = await fetch(`${server.url}/api/v1/runs`, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  return ((await response.json()) as { run: RunSummary }).run.id;
}
/** All events up to the first of one of the types. */
async function until(run: string, ...types: RunEvent['type'][]): Promise<readonly RunEvent[]> {
  for (let i = 0; i < 1000; i++) {
    const { events } = (await (await fetch(`${server.url}/api/v1/runs/${run}/events?after=0`)).json()) as { events: RunEvent[] };
    if (events.some(({ type }) => types.includes(type))) return events;
    await sleep(20);
  }
  throw new Error('the event did not come within 20 s');
}
const ends = ['run_succeeded', 'run_failed', 'run_cancelled'] as const;

it('a worker that is killed in the middle of a drawing fails the run by name, and the next one draws', async () => {
  const run = await start(900);
  await until(run, 'node_progress');
  process.kill(server.workerPid()!, 'SIGKILL');
  expect((await until(run, ...ends)).at(-1)).toMatchObject({ type: 'run_failed', problems: [{ code: 'SERVER_WORKER_LOST' }] });
  const after = await until(await start(3), ...ends);
  expect(after.at(-1)!.type).toBe('run_succeeded');
  // what was finished is kept
  expect(after.flatMap((event) => (event.type === 'node_cached' ? [event.node] : []))).toEqual(['load', 'prompts']);
}, 40_000);
