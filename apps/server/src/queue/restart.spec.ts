import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTerminal, type Graph, type QueueChange, type RunEvent } from '@facewright/core';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { testNodes } from '../fixtures/test-server.ts';
import { testClient, type TestClient } from '../fixtures/test-client.ts';
import { counting } from '../fixtures/test-queue.ts';

const program = join(import.meta.dirname, '../../../cli/src/main.ts');
let folder: string, server: ChildProcess, client: TestClient;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'restart-spec-'));
  await open();
});
afterEach(async () => {
  await end('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 });
});
/** The real command, as a process of its own. */
async function open(): Promise<void> {
  const args = [program, 'serve', '--port', '0', '--provider', 'null', '--data', join(folder, 'data'), '--nodes', testNodes];
  server = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const url = await new Promise<string>((resolve, reject) => {
    let out = '';
    server.stdout!.on('data', (chunk: Buffer) => {
      const found = /Facewright is at (\S+)/.exec((out += chunk.toString()));
      if (found) resolve(found[1]!);
    });
    server.once('exit', () => reject(new Error(`the server ended: ${out}`)));
  });
  client = testClient(url);
}
async function end(signal: NodeJS.Signals): Promise<void> {
  if (server.exitCode !== null || server.signalCode !== null) return;
  const gone = new Promise((resolve) => server.once('exit', resolve));
  server.kill(signal);
  await gone;
}
const types = (events: readonly RunEvent[]) => events.map(({ type }) => type).filter((type) => type.startsWith('run_'));
const isNumbered = (events: readonly RunEvent[]) => expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
/** Finishes a node at once, and then counts. */
const graph = (steps: number): Graph => ({
  ...counting('counts', steps),
  nodes: { ...counting('counts', steps).nodes, first: { type: 'test/source', version: 1, values: { value: 7 } } },
  links: [{ from: ['first', 'value'], to: ['count', 'value'] }, ...counting('counts', steps).links],
});

it('a server that is killed loses nothing: the run goes on under its id, then what waited, in its order', async () => {
  const run = await client.submit(graph(60), { key: 'mine' });
  const waiting = [await client.submit(counting('last', 2)), await client.submit(counting('first', 3), { front: true })];
  const seen = await client.until(run.id, (event) => event.type === 'node_progress' && event.done >= 5);
  await end('SIGKILL');
  await open();
  const events = await client.until(run.id, isTerminal);
  expect(events.slice(0, seen.length)).toEqual(seen);
  isNumbered(events);
  expect(types(events)).toEqual(['run_queued', 'run_started', 'run_interrupted', 'run_started', 'run_succeeded']);
  expect(events.filter(({ type }) => type === 'node_cached')).toMatchObject([{ node: 'first' }]);
  const others = await Promise.all(waiting.map(({ id }) => client.until(id, isTerminal)));
  expect(others.map(types)).toEqual([0, 1].map(() => ['run_queued', 'run_started', 'run_succeeded']));
  expect(others[1]!.at(-1)!.time <= others[0]!.at(-1)!.time).toBe(true);
  // Sent again, because the answer never came.
  expect((await client.submit(graph(60), { key: 'mine' })).id).toBe(run.id);
}, 30_000);

it('a cancel that was asked for is kept over a power cut, and a pause of the queue too', async () => {
  const run = await client.submit({
    ...counting('stubborn', 1),
    nodes: { count: { type: 'test/stubborn', version: 1, values: {} }, show: { type: 'test/show', version: 1, values: {} } },
  });
  await client.until(run.id, ({ type }) => type === 'node_log');
  await client.ask('POST', `/runs/${run.id}/cancel`);
  expect((await client.run(run.id)).status).toBe('running');
  await client.ask('POST', '/queue/pause');
  await end('SIGKILL');
  await open();
  expect(types(await client.until(run.id, isTerminal))).toEqual(['run_queued', 'run_started', 'run_cancelled']);
  expect((await client.ask<QueueChange>('GET', '/queue')).body.paused).toBe(true);
}, 30_000);
