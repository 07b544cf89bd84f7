import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Graph, QueueChange, RunEvent, RunSummary } from '@facewright/core';
import { silentLog, startServer, type RunningServer } from '@facewright/server';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { problemsOf } from './problem-list.ts';
import { addQueueCommands } from './queue-commands.ts';

let folder: string, server: RunningServer;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-commands-spec-'));
  server = await startServer({
    port: 0,
    host: '127.0.0.1',
    dataFolder: join(folder, 'data'),
    provider: 'null',
    log: silentLog,
    nodes: new URL('../../server/src/fixtures/test-nodes.ts', import.meta.url).href,
    templatesFolder: folder,
    editorFolder: folder,
  });
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
/** The commands in this process: to start the whole program each time takes seconds. */
async function facewright(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const text = { out: '', err: '' };
  let code = -1;
  const program = new Command();
  const print = (line: string) => void (text.out += `${line}\n`);
  const command = async (work: () => Promise<number>) => {
    code = await work().catch((error: unknown) => {
      text.err = problemsOf(error)
        .map(({ message }) => `${message}\n`)
        .join('');
      return 1;
    });
  };
  addQueueCommands({ program, command, print, screen: { write: (chunk) => (text.out += chunk) } });
  await program.parseAsync([...args, '--server', server.url], { from: 'user' });
  return { code, ...text };
}
async function submit(name: string, steps: number): Promise<string> {
  const graph: Graph = {
    facewright: 1,
    name,
    description: '',
    groups: [],
    links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
    nodes: { count: { type: 'test/count', version: 1, values: { steps } }, show: { type: 'test/show', version: 1, values: {} } },
  };
  const answer = await fetch(`${server.url}/api/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ graph }),
  });
  return ((await answer.json()) as { run: RunSummary }).run.id;
}

it('the queue is listed, paused, put in order, cancelled and tried again, and events are followed to the end', async () => {
  expect((await facewright('queue')).out).toBe('No runs.\n');
  expect(await facewright('queue', 'pause')).toMatchObject({ code: 0, out: 'The queue is paused.\n' });
  const [first, second, third] = [await submit('first', 3), await submit('second', 4), await submit('third', 5)];
  expect((await facewright('queue', 'front', third)).out).toContain('third');
  await facewright('queue', 'move', first, '--after', second);
  expect((await facewright('queue', 'move', second, '--priority', '2')).out).toContain('priority 2');
  const { out } = await facewright('queue', 'list');
  expect(out).toMatch(/^The queue is paused/);
  expect(out.split('\n').slice(2, 5)).toEqual([
    expect.stringMatching(/^\w{8} +waits, 1 +second/),
    expect.stringMatching(/^\w{8} +waits, 2 +third/),
    expect.stringMatching(/^\w{8} +waits, 3 +first/),
  ]);
  expect((await facewright('queue', 'cancel', second.slice(0, 13))).out).toContain('cancelled');
  expect((await facewright('queue', 'retry', second)).out).toContain(`tries ${second.slice(0, 8)} again`);
  await facewright('queue', 'resume');
  const followed = await facewright('events', first, '--follow', '--json');
  expect(followed.code).toBe(0);
  const events = followed.out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as RunEvent);
  expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
  expect(events.at(-1)!.type).toBe('run_succeeded');
  expect((await facewright('events', first, '--after', String(events.length - 1))).out).toMatch(/^Done in/);
  const { runs } = JSON.parse((await facewright('queue', 'list', '--json')).out) as QueueChange;
  expect(runs).toHaveLength(4);
});
it('what is wrong is said in one line', async () => {
  expect(await facewright('queue', 'cancel', 'nobody')).toMatchObject({ code: 1, err: 'run nobody: expected one that exists, got none\n' });
  const run = await submit('x', 3);
  expect((await facewright('queue', 'move', run)).err).toContain('expected one of before, after, to and priority');
  expect((await facewright('events', run, '--after', 'x')).err).toBe('--after: expected a whole number from 0, got x\n');
});
