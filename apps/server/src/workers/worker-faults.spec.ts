import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Graph, RunEvent, RunSummary } from '@facewright/core';
import { writeTinyModels } from '@facewright/pipelines/testing';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import type { RunningServer } from '../start-server.ts';

let folder: string, server: RunningServer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'worker-faults-'));
  await writeTinyModels(join(folder, 'tiny'));
  for (const name of ['templates', 'editor', 'pictures']) await mkdir(join(folder, name));
  for (const seed of [1, 2, 3])
    await sharp(Buffer.from(Uint8Array.from({ length: 768 }, (_, i) => (i * 7 + seed * 31) % 256)), {
      raw: { width: 16, height: 16, channels: 3 },
    })
      .png()
      .toFile(join(folder, 'pictures', `${seed}.png`));
  await open();
}, 30_000);
async function open(): Promise<void> {
  server = await startTestServer(join(folder, '.data'), {
    provider: 'cpu',
    nodes: new URL('../fixtures/drawing-nodes.ts', import.meta.url).href,
    templatesFolder: join(folder, 'templates'),
    editorFolder: join(folder, 'editor'),
  });
}
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
async function start(steps: number | Graph): Promise<string> {
  const body = JSON.stringify({ graph: typeof steps === 'number' ? graph(steps) : steps });
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

it('a worker that is killed in the middle of a drawing is replaced, and the run goes on from what was finished', async () => {
  const run = await start(100);
  await until(run, 'node_progress');
  process.kill(server.workerPid()!, 'SIGKILL');
  const after = await until(run, ...ends);
  expect(after.at(-1)!.type).toBe('run_succeeded');
  const events = after.slice(after.findIndex(({ type }) => type === 'run_interrupted'));
  expect(events.flatMap((event) => (event.type === 'node_cached' ? [event.node] : []))).toEqual(['load', 'prompts']);
}, 40_000);

describe('a training', () => {
  /** Far more steps than a spec has time for: each test begins where the one before left it. */
  const steps = 1_000_000;
  const training = (): Graph => ({
    ...graph(1),
    name: 'training',
    nodes: {
      ...graph(1).nodes,
      pictures: { type: 'facewright/image-folder', version: 1, values: { folder: join(folder, 'pictures') } },
      tune: { type: 'facewright/fine-tune', version: 1, values: { steps, batch: 1, mode: 'lora', rank: 1, prompt: 'a face' } },
    },
    links: [
      { from: ['load', 'model'], to: ['tune', 'model'] },
      { from: ['pictures', 'images'], to: ['tune', 'images'] },
      { from: ['tune', 'model'], to: ['draw', 'model'] },
      ...graph(1).links.slice(1),
    ],
  });
  const begin = () => start(training());
  const logsOf = (events: readonly RunEvent[]) => events.flatMap((event) => (event.type === 'node_log' ? [event.message] : []));
  const stepOf = (events: readonly RunEvent[]) =>
    Number(/^goes on at step (\d+) of 1000000$/.exec(logsOf(events).find((message) => message.startsWith('goes on')) ?? '')?.[1]);
  const ask = async (run: string, what: string) => {
    const response = await fetch(`${server.url}/api/v1/runs/${run}/${what}`, { method: 'POST' });
    return { status: response.status, body: (await response.json()) as { run?: RunSummary; problems?: readonly { code: string }[] } };
  };
  const statusOf = async (run: string) =>
    ((await (await fetch(`${server.url}/api/v1/runs/${run}`)).json()) as { run: RunSummary }).run.status;
  /** Until a node of the run says that it is so far. */
  const reached = async (run: string, step: number) => {
    for (let i = 0; i < 1000; i++) {
      const events = await until(run, 'node_progress');
      if (events.some((event) => event.type === 'node_progress' && event.node === 'tune' && event.done > step)) return;
      await sleep(20);
    }
    throw new Error('the step was not reached within 20 s');
  };

  /** Events since the run was interrupted, up to its first metric. */
  const resumed = async (run: string) => {
    for (let i = 0; i < 1000; i++) {
      const events = await until(run, 'run_interrupted');
      const since = events.slice(events.findIndex(({ type }) => type === 'run_interrupted') + 1);
      if (since.some(({ type }) => type === 'node_metric')) return since;
      await sleep(20);
    }
    throw new Error('the run did not go on within 20 s');
  };

  it('whose worker is killed goes on at the step of its last checkpoint', async () => {
    const run = await begin();
    await until(run, 'node_metric');
    const saved = async () =>
      (await readdir(join(folder, '.data', 'checkpoints'), { recursive: true }).catch(() => [])).some((name) =>
        /\/[0-9a-f]+\.safetensors$/.test(name),
      );
    for (let i = 0; i < 1000 && !(await saved()); i++) await sleep(20);
    process.kill(server.workerPid()!, 'SIGKILL');
    const events = await resumed(run);
    expect(stepOf(events)).toBeGreaterThan(0);
    // The curve begins where the one before did.
    expect(events.find((event) => event.type === 'node_metric')).toMatchObject({ name: 'loss', step: 0 });
    await ask(run, 'cancel');
    await until(run, ...ends);
  }, 60_000);
  it('that is cancelled goes on at the very step', async () => {
    const run = await begin();
    const from = stepOf(await until(run, 'node_metric'));
    await reached(run, from);
    await ask(run, 'cancel');
    const kept = Number(/^kept at step (\d+) of/.exec(logsOf(await until(run, 'run_cancelled')).at(-1)!)?.[1]);
    expect(kept).toBeGreaterThan(from);
    const again = await begin();
    expect(stepOf(await until(again, 'node_metric'))).toBe(kept);
    await ask(again, 'cancel');
    await until(again, ...ends);
  }, 60_000);
  it('is paused, goes on, and gives the model as it is when it is told to stop', async () => {
    const run = await begin();
    await reached(run, stepOf(await until(run, 'node_metric')));
    expect((await ask(run, 'pause')).status).toBe(200);
    const paused = await until(run, 'run_paused');
    expect(await statusOf(run)).toBe('paused');
    await sleep(100);
    expect((await until(run, 'run_paused')).length).toBe(paused.length);
    expect((await ask(run, 'continue')).status).toBe(200);
    await until(run, 'run_continued');
    expect(await statusOf(run)).toBe('running');
    expect((await ask(run, 'stop')).status).toBe(200);
    const events = await until(run, ...ends);
    expect(events.at(-1)!.type).toBe('run_succeeded');
    expect(events.filter(({ type }) => type === 'run_stopping')).toMatchObject([{ node: 'tune' }]);
    expect(events.filter((event) => event.type === 'node_finished' && event.unfinished !== undefined)).toMatchObject([
      { node: 'tune', unfinished: expect.stringMatching(/^\d+ of 1000000 steps$/) },
      { node: 'draw', unfinished: 'made from what node tune had when it was stopped' },
      { node: 'save' },
    ]);
    expect(await ask(run, 'pause')).toMatchObject({ status: 409, body: { problems: [{ code: 'SERVER_NOT_AT_WORK' }] } });
    const again = await begin();
    expect(stepOf(await until(again, 'node_metric'))).toBeGreaterThan(0);
    await ask(again, 'cancel');
    await until(again, ...ends);
  }, 60_000);
  it('a node that gives nothing early is not stopped', async () => {
    const run = await start(900);
    await until(run, 'node_progress');
    expect(await ask(run, 'stop')).toMatchObject({ status: 409, body: { problems: [{ code: 'SERVER_CANNOT_STOP' }] } });
    await ask(run, 'cancel');
    await until(run, ...ends);
  }, 60_000);
  it('keeps its step when the server ends', async () => {
    const run = await begin();
    await reached(run, stepOf(await until(run, 'node_metric')));
    await server.close();
    await open();
    const after = await resumed(run);
    const before = (await until(run, 'run_interrupted')).slice(0, after[0]!.seq - 1);
    const kept = Number(/^kept at step (\d+) of/.exec(logsOf(before).at(-1)!)?.[1]);
    expect(stepOf(after)).toBe(kept);
    await ask(run, 'cancel');
    await until(run, ...ends);
  }, 60_000);
});
