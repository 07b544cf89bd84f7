import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isTerminal, type QueueChange, type RunEvent, type RunSummary } from '@facewright/core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import { testClient, type TestClient } from '../fixtures/test-client.ts';
import { counting } from '../fixtures/test-queue.ts';
import type { RunningServer } from '../start-server.ts';

let folder: string, server: RunningServer, client: TestClient;
async function open(): Promise<void> {
  server = await startTestServer(join(folder, 'data'), { templatesFolder: folder, editorFolder: folder, cancelGraceMs: 300 });
  client = testClient(server.url);
}
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'queue-spec-'));
  await open();
});
afterEach(async () => {
  await client.ask('POST', '/queue/cancel');
  await client.ask('POST', '/queue/resume');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

let nth = 0;
/** A quick graph that nobody ran before. */
const quick = (name = 'quick') => counting(name, 2 + (nth++ % 3));
const long = (name = 'long') => counting(name, 100_000 + nth++);
const types = (events: readonly RunEvent[]) => events.map(({ type }) => type);
const waiting = async () => {
  const { body } = await client.ask<QueueChange>('GET', '/queue');
  return body.runs
    .filter(({ status }) => status === 'queued')
    .sort((a, b) => b.priority - a.priority || a.place - b.place)
    .map(({ name }) => name);
};
const codes = ({ body }: { body: { problems?: readonly { code: string }[] } }) => body.problems?.map(({ code }) => code);
const move = (run: RunSummary, to: object) => client.ask<{ run: RunSummary }>('POST', `/runs/${run.id}/move`, to);

describe('the order of the queue', () => {
  it('is by priority, then as submitted, the front first; moved runs go where they were put, and all run in that order', async () => {
    await client.ask('POST', '/queue/pause');
    const [a, b, c, d] = [
      await client.submit(quick('a')),
      await client.submit(quick('b')),
      await client.submit(quick('c')),
      await client.submit(quick('d')),
    ];
    await client.submit(quick('front'), { front: true });
    await client.submit(quick('more in front'), { front: true });
    const high = await client.submit(quick('high'), { priority: 5 });
    await client.submit(quick('low'), { priority: -10, front: true });
    expect(await waiting()).toEqual(['high', 'more in front', 'front', 'a', 'b', 'c', 'd', 'low']);
    await move(d, { before: b.id });
    await move(a, { after: c.id });
    await move(c, { to: 'front' });
    await move(high, { to: 'back' });
    expect(await waiting()).toEqual(['high', 'c', 'more in front', 'front', 'd', 'b', 'a', 'low']);
    await move(b, { priority: 6 });
    expect((await move(a, { before: high.id })).body.run.priority).toBe(5);
    expect(await waiting()).toEqual(['b', 'a', 'high', 'c', 'more in front', 'front', 'd', 'low']);
    const order = await waiting();
    await client.ask('POST', '/queue/resume');
    const low = (await client.ask<{ runs: RunSummary[] }>('GET', '/runs?name=LOW')).body.runs[0]!;
    await client.until(low.id, isTerminal);
    const { runs } = (await client.ask<{ runs: RunSummary[] }>('GET', '/runs?limit=8')).body;
    expect(runs.toSorted((x, y) => x.finished!.localeCompare(y.finished!)).map(({ name }) => name)).toEqual(order);
  });
  it('can be changed more often than there are numbers between two places', async () => {
    await client.ask('POST', '/queue/pause');
    const first = await client.submit(quick('first'));
    let [left, right] = [await client.submit(quick('left')), await client.submit(quick('right'))];
    for (let i = 0; i < 120; i++) {
      await move(right, { after: first.id });
      [left, right] = [right, left];
    }
    expect(await waiting()).toEqual(['first', 'left', 'right']);
    expect(
      new Set(
        (await client.ask<QueueChange>('GET', '/queue')).body.runs.filter(({ status }) => status === 'queued').map(({ place }) => place),
      ).size,
    ).toBe(3);
  });
  it('is changed for runs that wait only', async () => {
    const run = await client.submit(long());
    await client.until(run.id, ({ type }) => type === 'node_started');
    const second = await client.submit(quick());
    expect(codes(await move(run, { to: 'front' }))).toEqual(['SERVER_NOT_WAITING']);
    expect(codes(await move(second, { before: run.id }))).toEqual(['SERVER_NOT_WAITING']);
    expect(codes(await move(second, { before: 'nobody' }))).toEqual(['SERVER_NO_SUCH']);
    for (const bad of [{}, { to: 'front', priority: 1 }, { to: 'middle' }, { before: 7 }, { priority: 1e9 }, { priority: 'high' }])
      expect(codes(await move(second, bad)), JSON.stringify(bad)).toEqual(['SERVER_BAD_REQUEST']);
  });
});

describe('a submission', () => {
  it('is one run each, however many come at once', async () => {
    const runs = await Promise.all(Array.from({ length: 30 }, (_, i) => client.submit(quick(`at once ${i}`))));
    expect(new Set(runs.map(({ id }) => id)).size).toBe(30);
    for (const { id } of runs) expect(types(await client.until(id, isTerminal)).filter((type) => type === 'run_succeeded')).toHaveLength(1);
  });
  it('with a key is queued once: the same gives the same run, another graph is refused', async () => {
    const graph = quick('keyed');
    const send = (of: object, headers?: Record<string, string>) => client.ask<{ run: RunSummary }>('POST', '/runs', of, headers);
    const answers = await Promise.all(Array.from({ length: 8 }, () => send({ graph, key: 'one' })));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 200, 200, 200, 201]);
    const id = answers[0]!.body.run.id;
    expect(new Set(answers.map(({ body }) => body.run.id))).toEqual(new Set([id]));
    await client.until(id, isTerminal);
    const again = await send({ graph }, { 'idempotency-key': 'one' });
    expect([again.status, again.body.run.id, again.body.run.status]).toEqual([200, id, 'succeeded']);
    const other = await send({ graph: quick('another'), key: 'one' });
    expect([other.status, codes(other)]).toEqual([409, ['SERVER_KEY_TAKEN']]);
    expect(codes(await send({ graph, key: 'two' }, { 'idempotency-key': 'one' }))).toEqual(['SERVER_BAD_REQUEST']);
    expect(codes(await send({ graph, key: 'white space' }))).toEqual(['SERVER_BAD_REQUEST']);
    expect(codes(await send({ graph, front: 'yes' }))).toEqual(['SERVER_BAD_REQUEST']);
  });
});

describe('cancelling', () => {
  it('ends the run that is meant and no other', async () => {
    const [first, second, third] = [await client.submit(long()), await client.submit(long()), await client.submit(quick())];
    await client.until(first.id, ({ type }) => type === 'node_progress');
    await client.ask('POST', `/runs/${second.id}/cancel`);
    expect(types(await client.events(second.id))).toEqual(['run_queued', 'run_cancelled']);
    expect((await client.run(first.id)).status).toBe('running');
    const answer = await client.ask<{ run: RunSummary }>('POST', `/runs/${first.id}/cancel`);
    expect(answer.body.run).toMatchObject({ status: 'running', cancelling: true });
    expect((await client.until(first.id, isTerminal)).at(-1)!.type).toBe('run_cancelled');
    expect((await client.until(third.id, isTerminal)).at(-1)!.type).toBe('run_succeeded');
  });
  it('that comes late changes nothing of what has ended', async () => {
    const run = await client.submit(quick());
    const events = await client.until(run.id, isTerminal);
    const { status, body } = await client.ask<{ run: RunSummary }>('POST', `/runs/${run.id}/cancel`);
    expect([status, body.run.status, body.run.cancelling]).toEqual([200, 'succeeded', false]);
    expect(await client.events(run.id)).toEqual(events);
  });
  it('at any moment gives one end, and a result that was there wins', async () => {
    for (let ms = 0; ms < 40; ms += 4) {
      const run = await client.submit(quick());
      await new Promise((resolve) => setTimeout(resolve, ms));
      await client.ask('POST', `/runs/${run.id}/cancel`);
      const events = await client.until(run.id, isTerminal);
      expect(events.filter(isTerminal)).toHaveLength(1);
      const whole = events.filter(({ type }) => type === 'node_finished' || type === 'node_cached').length === 2;
      expect([events.at(-1)!.type, whole]).toEqual([whole ? 'run_succeeded' : 'run_cancelled', whole]);
    }
  });
  it('many takes those that are meant, each with its event, and begins none of them', async () => {
    const busy = await client.submit(long('busy'));
    await client.until(busy.id, ({ type }) => type === 'node_started');
    const faces = await Promise.all([1, 2, 3].map((i) => client.submit(quick(`faces ${i}`))));
    const other = await client.submit(quick('other'));
    const ids = async (body?: object) => (await client.ask<{ cancelled: string[] }>('POST', '/queue/cancel', body)).body.cancelled;
    expect((await ids({ name: 'faces', status: 'queued' })).sort()).toEqual(faces.map(({ id }) => id).sort());
    for (const { id } of faces) expect(types(await client.events(id))).toEqual(['run_queued', 'run_cancelled']);
    expect((await client.run(other.id)).status).toBe('queued');
    expect((await ids()).sort()).toEqual([busy.id, other.id].sort());
    expect(types(await client.events(other.id))).toEqual(['run_queued', 'run_cancelled']);
    expect((await client.until(busy.id, isTerminal)).at(-1)!.type).toBe('run_cancelled');
    expect(await ids({ status: 'succeeded' })).toEqual([]);
    expect(codes(await client.ask('POST', '/queue/cancel', { status: 'lost' }))).toEqual(['SERVER_BAD_REQUEST']);
  });
});

describe('retrying', () => {
  it('runs the graph again under a new id that names the old one, from what was finished', async () => {
    const run = await client.submit(long());
    expect(codes(await client.ask('POST', `/runs/${run.id}/retry`))).toEqual(['SERVER_NOT_ENDED']);
    await client.ask('POST', `/runs/${run.id}/cancel`);
    await client.until(run.id, isTerminal);
    const done = await client.submit(quick('again'));
    await client.until(done.id, isTerminal);
    const { status, body } = await client.ask<{ run: RunSummary }>('POST', `/runs/${done.id}/retry`);
    expect([status, body.run.retryOf, body.run.name]).toEqual([201, done.id, 'again']);
    const events = await client.until(body.run.id, isTerminal);
    expect(types(events)).toEqual(['run_queued', 'run_started', 'node_cached', 'node_cached', 'run_succeeded']);
    expect(codes(await client.ask('POST', '/runs/nobody/retry'))).toEqual(['SERVER_NO_SUCH']);
  });
  it('of a failed run is offered with its problem in the list', async () => {
    const graph = {
      ...quick('broken'),
      nodes: { count: { type: 'test/fail', version: 1, values: {} }, show: { type: 'test/show', version: 1, values: {} } },
    };
    const { id } = await client.submit(graph);
    await client.until(id, isTerminal);
    expect(await client.run(id)).toMatchObject({ status: 'failed', problem: { node: 'count', message: expect.any(String) } });
  });
});

describe('the list of runs', () => {
  it('comes in pages without a gap or a repetition, while runs are added', async () => {
    await client.ask('POST', '/queue/pause');
    const added: RunSummary[] = [];
    for (let i = 0; i < 7; i++) added.unshift(await client.submit(quick(`page ${i}`)));
    const page = async (query: string) => (await client.ask<{ runs: RunSummary[]; next?: number }>('GET', `/runs?name=page&${query}`)).body;
    const seen: string[] = [];
    let next: number | undefined = Number.MAX_SAFE_INTEGER;
    while (next !== undefined) {
      const found = await page(`limit=3&before=${next}`);
      seen.push(...found.runs.map(({ id }) => id));
      next = found.next;
      await client.submit(quick('page of later'));
    }
    expect(seen).toEqual(added.map(({ id }) => id));
  });
  // Offsets as in the history of ComfyUI: its tests 30 to 36, and those of its jobs.
  it('leaves out what comes before an offset, and is empty behind the end', async () => {
    await client.ask('POST', '/queue/pause');
    for (let i = 0; i < 5; i++) await client.submit(quick(`offset ${i}`));
    const names = async (query: string) =>
      (await client.ask<{ runs: RunSummary[] }>('GET', `/runs?name=offset&${query}`)).body.runs.map(({ name }) => Number(name.at(-1)));
    expect(await names('')).toEqual([4, 3, 2, 1, 0]);
    expect(await names('offset=0')).toEqual([4, 3, 2, 1, 0]);
    expect(await names('offset=2')).toEqual([2, 1, 0]);
    expect(await names('offset=1&limit=2')).toEqual([3, 2]);
    expect(await names('offset=4&limit=3')).toEqual([0]);
    expect(await names('offset=5')).toEqual([]);
    expect(await names('offset=99')).toEqual([]);
    expect(await names('status=queued,running&limit=1')).toEqual([4]);
    expect(await names('status=failed')).toEqual([]);
    for (const bad of [
      'limit=ten',
      'limit=0',
      'limit=-1',
      'limit=1.5',
      'limit=5000',
      'offset=x',
      'offset=-1',
      'before=',
      'status=done',
      'offset=1&offset=2',
    ])
      expect([bad, (await client.ask('GET', `/runs?${bad}`)).status]).toEqual([bad, 400]);
    expect((await client.ask('GET', '/runs/nobody')).status).toBe(404);
  });
});

describe('a paused queue', () => {
  it('lets what is at work go on, begins nothing new, and is still paused after a restart', async () => {
    const first = await client.submit(counting('at work', 30));
    await client.until(first.id, ({ type }) => type === 'node_started');
    expect((await client.ask('POST', '/queue/pause')).body).toEqual({ paused: true });
    const second = await client.submit(quick('waits'));
    expect((await client.until(first.id, isTerminal)).at(-1)!.type).toBe('run_succeeded');
    await server.close();
    await open();
    expect((await client.ask<QueueChange>('GET', '/queue')).body.paused).toBe(true);
    expect(types(await client.events(second.id))).toEqual(['run_queued']);
    await client.ask('POST', '/queue/resume');
    expect((await client.until(second.id, isTerminal)).at(-1)!.type).toBe('run_succeeded');
  });
});
