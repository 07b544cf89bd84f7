import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent } from '@facewright/core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createAccessStore } from './access-store.ts';
import { openDatabase, type Database } from '../data/database.ts';
import { createLog } from '../observe/log.ts';
import { startTestServer } from '../fixtures/test-server.ts';
import type { RunningServer } from '../start-server.ts';

// Before the modules are loaded, as for a real process.
const planted = vi.hoisted(() => {
  const secret = 'correct-horse-battery-staple';
  process.env['PLANTED_TOKEN'] = secret;
  return secret;
});
let folder: string, server: RunningServer, database: Database, token: string;
let logged = '';
const answers: string[] = [];
const pictures: string[] = [];

async function ask(path: string, init: RequestInit = {}): Promise<string> {
  const response = await fetch(`${server.url}${path}`, init);
  const isPicture = response.headers.get('content-type')?.startsWith('image/') ?? false;
  const text = Buffer.from(await response.arrayBuffer()).toString(isPicture ? 'latin1' : 'utf8');
  (isPicture ? pictures : answers).push(text);
  return text;
}
const withToken = (more: RequestInit = {}): RequestInit => ({
  ...more,
  headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
});
async function run(type: string, values: object): Promise<readonly RunEvent[]> {
  const graph = { facewright: 1, name: type, nodes: { n: { type, version: 1, values } } };
  const { run } = JSON.parse(await ask('/api/v1/runs', withToken({ method: 'POST', body: JSON.stringify({ graph }) }))) as {
    run: { id: string };
  };
  for (;;) {
    const { events } = JSON.parse(await ask(`/api/v1/runs/${run.id}/events?after=0`, withToken())) as { events: RunEvent[] };
    if (events.some((event) => event.type === 'run_succeeded' || event.type === 'run_failed')) return events;
    await sleep(20);
  }
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'secrets-spec-'));
  mkdirSync(join(folder, 'editor'));
  writeFileSync(join(folder, 'editor', 'index.html'), '<!doctype html><title>Editor</title>');
  database = openDatabase(join(folder, 'data', 'facewright.sqlite'));
  token = createAccessStore(database).create('planted', 'admin', null).secret;
  server = await startTestServer(join(folder, 'data'), {
    requireToken: true,
    nodes: new URL('../fixtures/leaky-nodes.ts', import.meta.url).href,
    templatesFolder: folder,
    editorFolder: join(folder, 'editor'),
    log: createLog({ level: 'trace', terminal: false, to: { write: (line: string) => void (logged += line) } }),
  });
});
afterAll(async () => {
  await server.close();
  database.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

it('a secret that is planted everywhere is in no log, event, database, picture or answer', async () => {
  const link = 'q1W2e3R4t5Y6u7I8o9P0aS';
  const failed = await run('test/leak', { text: `sent Authorization: Bearer ${link}` });
  expect(failed.find(({ type }) => type === 'node_failed')).toMatchObject({
    problem: { message: expect.stringContaining('https://…@hub.example') as string },
  });
  const painted = await run('test/paint', {});
  const done = painted.find((event) => event.type === 'run_succeeded')!;
  const [image] = (done.outputs['n'] as { images: { asset: { id: string } }[] }).images;
  await ask(`/api/v1/runs/${done.run}/pictures/${image!.asset.id}`, withToken());
  // Wherever a browser or a program may put one.
  const cookie = `facewright_session=${token}`;
  for (const path of [
    `/api/v1/judge/${link}`,
    `/judge/${link}/x`,
    `/api/v1/nothing?token=${planted}&access_token=${link}`,
    `/api/v1/judging/t/annotators/${link}`,
    `/api/v1/pictures?path=/x?token=${planted}`,
  ])
    for (const method of ['GET', 'POST', 'DELETE']) {
      await ask(path, withToken({ method }));
      await ask(path, { method, headers: { cookie } });
    }
  await ask('/api/v1/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: `${token.slice(0, -1)}!` }),
  });
  await ask('/api/v1/session', { method: 'POST', headers: { 'content-type': 'application/json' }, body: `{"token": "${token}"` });
  await ask('/api/v1/tokens', withToken());
  expect(pictures).toHaveLength(1);
  expect(pictures[0]).toContain('facewright');
  expect(logged).toContain('login with …');
  database.pragma('wal_checkpoint(TRUNCATE)');
  const stored = readFileSync(join(folder, 'data', 'facewright.sqlite')).toString('latin1');
  const places = { logged, stored, answers: answers.join('\n'), pictures: pictures.join('\n') };
  for (const [name, text] of Object.entries(places))
    for (const secret of [planted, token.slice(12), 'pa55word', ...(name === 'stored' ? [] : [link])])
      // The graph that was run is the user's own text, and asked for as such.
      expect(
        text.includes(secret) ? `${name}: …${text.slice(text.indexOf(secret) - 80, text.indexOf(secret))}` : '',
        secret.slice(0, 4),
      ).toBe('');
});
