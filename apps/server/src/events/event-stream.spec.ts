import { mkdtempSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, type QueueChange, type RunEvent } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import { heldMemory } from '../fixtures/held-memory.ts';
import { testClient, type TestClient } from '../fixtures/test-client.ts';
import { counting } from '../fixtures/test-queue.ts';
import type { RunningServer } from '../start-server.ts';

let folder: string, server: RunningServer, client: TestClient;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'event-stream-spec-'));
  server = await startTestServer(join(folder, 'data'), { templatesFolder: folder, editorFolder: folder });
  client = testClient(server.url);
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

interface Message<T> {
  readonly id: number;
  readonly data: T;
}
/** The stream as a browser's EventSource asks for it. Ends when the server ends it, or when `enough`. */
async function stream<T>(
  path: string,
  { lastEventId, enough }: { lastEventId?: number; enough?: (messages: readonly Message<T>[]) => boolean } = {},
) {
  const abort = new AbortController();
  const response = await fetch(`${server.url}/api/v1${path}`, {
    signal: abort.signal,
    headers: { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': String(lastEventId) }) },
  });
  const messages: Message<T>[] = [];
  const decoder = new TextDecoder();
  let text = '';
  if (response.ok && response.body)
    for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
      const blocks = (text += decoder.decode(chunk, { stream: true })).split('\n\n');
      text = blocks.pop()!;
      for (const block of blocks) {
        const [, id, data] = /^id: (\d+)\ndata: (.*)$/.exec(block) ?? [];
        if (id !== undefined) messages.push({ id: Number(id), data: JSON.parse(data!) as T });
      }
      if (enough?.(messages)) break;
    }
  abort.abort();
  return { status: response.status, type: response.headers.get('content-type'), messages };
}
let nth = 0;
const submit = (steps: number) => client.submit(counting(`streamed ${nth++}`, steps + nth));

describe('events of a run', () => {
  it('are streamed until the last, the same as over HTTP, to several clients, each from its number', async () => {
    const { id } = await submit(30);
    const [all, some] = await Promise.all([stream<RunEvent>(`/runs/${id}/events`), stream<RunEvent>(`/runs/${id}/events?after=3`)]);
    const events = await client.events(id);
    expect(all.type).toMatch(/^text\/event-stream/);
    expect(all.messages).toEqual(events.map((event) => ({ id: event.seq, data: event })));
    expect(some.messages.map(({ data }) => data)).toEqual(events.slice(3));
    expect(all.messages.filter(({ data }) => isTerminal(data))).toHaveLength(1);
    // As browsers come back: their own number counts, not that of the address.
    expect((await stream<RunEvent>(`/runs/${id}/events?after=0`, { lastEventId: 5 })).messages.map(({ id }) => id)).toEqual(
      events.slice(5).map(({ seq }) => seq),
    );
  });
  it('that a client has all of are no reason to come back: 204', async () => {
    const { id } = await submit(2);
    const events = await client.until(id, isTerminal);
    expect(await stream(`/runs/${id}/events`, { lastEventId: events.length })).toMatchObject({ status: 204, messages: [] });
  });
  it('are not held for a client that does not take them, which then gets them all', async () => {
    await client.ask('POST', '/queue/pause');
    // 40 MB, more than the buffers of both ends hold.
    const talk = { type: 'test/talk', version: 1, values: { messages: 800, length: 50_000 } };
    const { id } = await client.submit({ ...counting('large', 2), nodes: { ...counting('large', 2).nodes, count: talk } });
    const before = await heldMemory();
    const seen: number[] = await new Promise((resolve, reject) => {
      const asked = request(`${server.url}/api/v1/runs/${id}/events`, { headers: { accept: 'text/event-stream' } }, (response) => {
        let text = '';
        response.pause();
        // Only after the run has ended does it begin to read.
        const read = async () => {
          await client.ask('POST', '/queue/resume');
          while ((await client.run(id)).finished === null) await sleep(20);
          expect((await heldMemory()) - before).toBeLessThan(15);
          response.resume();
        };
        read().catch(reject);
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => (text += chunk));
        response.on('end', () => resolve([...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))));
      });
      asked.on('error', reject);
      asked.end();
    });
    expect(seen).toEqual((await client.events(id)).map(({ seq }) => seq));
    expect(seen.length).toBeGreaterThan(800);
  }, 20_000);
  it('can be waited for, and asked for in pages', async () => {
    const { id } = await submit(20);
    const seen: RunEvent[] = [];
    while (!seen.some(isTerminal)) {
      const { body } = await client.ask<{ events: RunEvent[] }>('GET', `/runs/${id}/events?after=${seen.length}&limit=7&wait=20`);
      expect(body.events.length).toBeGreaterThan(0);
      expect(body.events.length).toBeLessThanOrEqual(7);
      seen.push(...body.events);
    }
    expect(seen).toEqual(await client.events(id));
    // Nothing will come any more, so it is not waited for.
    expect((await client.ask('GET', `/runs/${id}/events?after=${seen.length}&wait=60`)).body).toEqual({ events: [] });
  });
  it('are refused for what is no number, and of no run', async () => {
    const { id } = await submit(2);
    for (const query of ['after=x', 'after=-1', 'after=1.5', 'limit=0', 'wait=61', 'wait=soon'])
      expect([query, (await client.ask('GET', `/runs/${id}/events?${query}`)).status]).toEqual([query, 400]);
    expect((await stream('/runs/nobody/events')).status).toBe(404);
    const bad = await fetch(`${server.url}/api/v1/runs/${id}/events`, { headers: { accept: 'text/event-stream', 'last-event-id': 'x' } });
    expect(bad.status).toBe(400);
    await client.until(id, isTerminal);
  });
});

describe('changes of the queue', () => {
  it('are streamed from a cursor, and can be waited for', async () => {
    const { body: now } = await client.ask<QueueChange>('GET', '/queue');
    expect(now.whole).toBe(true);
    const waited = client.ask<QueueChange>('GET', `/queue?after=${now.cursor}&wait=20`);
    const streamed = stream<QueueChange>(`/queue?after=${now.cursor}`, {
      enough: (messages) => messages.some(({ data }) => data.runs.some(({ status }) => status === 'succeeded')),
    });
    const { id } = await submit(10);
    expect((await waited).body).toMatchObject({ whole: false, runs: [{ id }] });
    const { messages } = await streamed;
    expect(messages.at(-1)!.data.runs).toMatchObject([{ id, status: 'succeeded' }]);
    expect(messages.map(({ id: cursor }) => cursor)).toEqual(messages.map(({ data }) => data.cursor));
    expect(messages.every(({ data }) => data.runs.every((run) => run.id === id))).toBe(true);
    const { body: last } = await client.ask<QueueChange>('GET', `/queue?after=${messages.at(-1)!.id}`);
    expect(last).toMatchObject({ runs: [], whole: false });
  });
});
