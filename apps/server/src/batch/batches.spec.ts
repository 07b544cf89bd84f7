import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { setTimeout as sleep } from 'node:timers/promises';
import type {
  BatchCheck,
  BatchDetails,
  BatchEvent,
  BatchRowRecord,
  BatchStatus,
  BatchSummary,
  Graph,
  Problem,
  RunSummary,
} from '@facewright/core';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import type { RunningServer } from '../start-server.ts';

let folder: string, server: RunningServer;
const start = (name: string) => startTestServer(join(folder, name), { cancelGraceMs: 300 });
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'batches-spec-'));
  server = await start('data');
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

const touchy = (wait = 0): Graph => ({
  facewright: 1,
  name: 'touchy',
  description: '',
  groups: [],
  links: [{ from: ['n', 'value'], to: ['show', 'value'] }],
  nodes: { n: { type: 'test/touchy', version: 1, values: { wait } }, show: { type: 'test/show', version: 1, values: {} } },
});
const values = (...given: number[]) => ({ rows: given.map((value) => ({ value })) });

async function api<T>(method: string, path: string, json?: unknown, from = server): Promise<{ status: number; body: T }> {
  const response = await fetch(`${from.url}/api/v1${path}`, {
    method,
    ...(json !== undefined && { body: JSON.stringify(json), headers: { 'content-type': 'application/json' } }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (response.headers.get('content-type')?.includes('application/json') ? JSON.parse(text) : text) as T,
  };
}
const begin = async (request: Record<string, unknown>, from = server) =>
  (await api<{ batch: BatchDetails }>('POST', '/batches', { graph: touchy(), ...request }, from)).body.batch;
const get = async (id: string, from = server) => (await api<{ batch: BatchDetails }>('GET', `/batches/${id}`, undefined, from)).body.batch;
const rowsOf = async (id: string, query = '', from = server) =>
  (await api<{ rows: BatchRowRecord[] }>('GET', `/batches/${id}/rows?${query}`, undefined, from)).body.rows;
const eventsOf = async (id: string, from = server) =>
  (await api<{ events: BatchEvent[] }>('GET', `/batches/${id}/events`, undefined, from)).body.events;
const post = (id: string, what: string, json?: unknown) =>
  api<{ batch: BatchDetails; problems: Problem[] }>('POST', `/batches/${id}/${what}`, json);
async function until(id: string, done: (batch: BatchDetails) => boolean, from = server): Promise<BatchDetails> {
  for (let i = 0; i < 800; i++) {
    const batch = await get(id, from);
    if (done(batch)) return batch;
    await sleep(20);
  }
  throw new Error(`the batch did not come so far: ${JSON.stringify(await get(id, from))}`);
}
const is =
  (...statuses: BatchStatus[]) =>
  ({ status }: BatchSummary) =>
    statuses.includes(status);

describe('a batch', () => {
  it('is told before it begins, runs every row with its values, and gives its rows and results', async () => {
    writeFileSync(join(folder, 'three.csv'), 'value,who\n1,"a, b"\n2,=c\n3,\n');
    const request = { graph: touchy(), data: { path: join(folder, 'three.csv') }, matrix: { 'n.wait': '0..1' } };
    const check = (await api<BatchCheck>('POST', '/batches/check', request)).body;
    expect([check.count, check.columns, check.estimate, check.problemCount]).toEqual([
      6,
      [
        { column: 'value', targets: ['n.value'] },
        { column: 'who', targets: [] },
      ],
      null,
      0,
    ]);
    const { id, name } = await begin(request);
    expect(name).toBe('touchy · three.csv');
    expect(await until(id, is('finished'))).toMatchObject({ count: 6, done: 6, failed: 0, scoreNames: ['show.value'], secondsLeft: null });
    expect((await eventsOf(id)).map(({ seq, type }) => [seq, type]).filter(([, type]) => type !== 'batch_progress')).toEqual([
      [1, 'batch_queued'],
      [2, 'batch_started'],
      [expect.any(Number), 'batch_finished'],
    ]);
    const rows = await rowsOf(id, 'after=2&limit=2');
    expect(rows).toMatchObject([
      {
        row: 3,
        dataRow: 2,
        data: { value: '2', who: '=c' },
        values: { 'n.value': 2, 'n.wait': 0 },
        scores: { 'show.value': 2 },
        outputs: { show: { value: 2 } },
        attempt: 1,
      },
      { row: 4, dataRow: 2, values: { 'n.value': 2, 'n.wait': 1 } },
    ]);
    expect(rows[0]!.digest).not.toBe(rows[1]!.digest);
    const csv = (await api<string>('GET', `/batches/${id}/results.csv`)).body.split('\n');
    expect(csv[0]).toBe('row,status,seconds,attempt,error,value,who,n.wait,show.value');
    expect(csv[1]).toMatch(/^1,finished,\d\.\d{3},1,,1,"a, b",0,1$/);
    expect(csv[3]).toMatch(/^3,finished,\d\.\d{3},1,,2,'=c,0,2$/);
    const jsonl = (await api<string>('GET', `/batches/${id}/results.jsonl`)).body.trim().split('\n');
    expect([jsonl.length, JSON.parse(jsonl[5]!)]).toEqual([
      6,
      expect.objectContaining({ row: 6, data: { value: '3', who: '' }, scores: { 'show.value': 3 } }),
    ]);
    expect((await api<BatchCheck>('POST', '/batches/check', request)).body.estimate).toEqual({
      from: 'batch “touchy · three.csv”',
      secondsPerRow: expect.any(Number),
      seconds: expect.any(Number),
    });
    expect((await api<{ graph: Graph }>('GET', `/batches/${id}/rows/3`)).body.graph.nodes['n']!.values).toEqual({ value: 2, wait: 0 });
  });
  it('is refused with all that is wrong before anything runs, and queued once under one key', async () => {
    const refused = await api<{ problems: Problem[]; problemCount: number }>('POST', '/batches', {
      graph: touchy(),
      data: values(1, 1e12, NaN),
    });
    expect([refused.status, refused.body.problemCount, refused.body.problems[0]!.message]).toEqual([
      422,
      1,
      'row 2, column value > node n > input value: expected a number from -1000000000 to 1000000000, got 1000000000000',
    ]);
    const count = async () => (await api<{ batches: unknown[] }>('GET', '/batches')).body.batches.length;
    const before = await count();
    const request = { graph: touchy(), data: values(1), key: 'mine' };
    const both = await Promise.all([
      api<{ batch: BatchDetails }>('POST', '/batches', request),
      api<{ batch: BatchDetails }>('POST', '/batches', request),
    ]);
    expect([both.map(({ status }) => status).sort(), await count(), both[0].body.batch.id]).toEqual([
      [200, 201],
      before + 1,
      both[1].body.batch.id,
    ]);
    expect((await api('POST', '/batches', { ...request, data: values(2) })).status).toBe(409);
    expect((await api('POST', '/batches', { graph: touchy(), rows: [] })).status).toBe(400);
    expect((await api('POST', '/batches')).status).toBe(400);
    expect((await api('GET', '/batches/none/rows')).status).toBe(404);
    for (const row of ['0', '1.5', '2', 'x'])
      expect((await api('GET', `/batches/${both[0].body.batch.id}/rows/${row}`)).status, row).toBe(404);
  });
  it('goes on after rows that fail, and runs these alone again', async () => {
    const { id } = await begin({ data: values(1, -1, 3, -1, 5) });
    expect(await until(id, is('finished'))).toMatchObject({ done: 3, failed: 2 });
    const failed = await rowsOf(id, 'status=failed');
    expect(failed.map(({ row, problems }) => [row, problems[0]!.code, problems[0]!.node])).toEqual([
      [2, 'ENGINE_NODE_FAILED', 'n'],
      [4, 'ENGINE_NODE_FAILED', 'n'],
    ]);
    await post(id, 'retry-failed');
    expect(await until(id, is('finished'))).toMatchObject({ done: 3, failed: 2 });
    expect((await rowsOf(id)).map(({ attempt }) => attempt)).toEqual([1, 2, 1, 2, 1]);
    expect((await rowsOf(id, 'since=5')).map(({ row }) => row)).toEqual([2, 4]);
    expect((await post(id, 'pause')).status).toBe(409);
  });
  it('stops after so many errors, and goes on when it is told to', async () => {
    const { id } = await begin({ data: values(-1, 2, -1, 4, -1, 6), stopAfterErrors: 2 });
    expect(await until(id, is('stopped', 'finished'))).toMatchObject({ status: 'stopped', failed: 2 });
    await post(id, 'continue');
    expect(await until(id, is('stopped', 'finished'))).toMatchObject({ status: 'finished', done: 3, failed: 3 });
  });
  it('takes rows while it runs and after its end, with the columns that it has', async () => {
    const { id } = await begin({ graph: touchy(20), data: values(1, 2, 3), matrix: { 'show.value': [7, 8] } });
    expect((await post(id, 'rows', { data: values(4, 5) })).body.batch).toMatchObject({ count: 10 });
    expect(await until(id, is('finished'))).toMatchObject({ count: 10, done: 10 });
    expect(
      (await post(id, 'rows', { data: { rows: [{ value: 'x' }, { other: 1 }] } })).body.problems.map(({ message }) => message),
    ).toEqual([
      'row 6, column value > node n > input value: expected a number from -1000000000 to 1000000000, got "x"',
      'row 7, column other: expected one of the columns value, got other',
    ]);
    expect((await post(id, 'rows', { data: values() })).body.problems.map(({ message }) => message)).toEqual([
      'data rows: expected at least one row, got none',
    ]);
    await post(id, 'rows', { data: values(6) });
    expect(await until(id, ({ done }) => done === 12)).toMatchObject({ status: 'finished' });
    expect((await rowsOf(id)).map(({ row, dataRow }) => `${row}:${dataRow}`).join(' ')).toBe(
      '1:1 2:1 3:2 4:2 5:3 6:3 7:4 8:4 9:5 10:5 11:6 12:6',
    );
  });
  it('lets a run go between two rows, pauses after the row at work, and is cancelled in it', async () => {
    const { id } = await begin({ graph: touchy(60), data: values(...Array.from({ length: 50 }, (_, i) => i)) });
    await until(id, ({ done }) => done > 0);
    const { run } = (await api<{ run: RunSummary }>('POST', '/runs', { graph: touchy() })).body;
    const ended = async () => (await api<{ run: RunSummary }>('GET', `/runs/${run.id}`)).body.run.status;
    for (let i = 0; i < 100 && (await ended()) !== 'succeeded'; i++) await sleep(10);
    expect([await ended(), (await get(id)).status]).toEqual(['succeeded', 'running']);
    expect((await get(id)).done).toBeLessThan(40);
    await post(id, 'pause');
    // What is at work is finished.
    await sleep(700);
    const { done } = await get(id);
    await sleep(150);
    expect(await get(id)).toMatchObject({ status: 'paused', done });
    await post(id, 'continue');
    await until(id, (batch) => batch.done > done);
    expect((await api('DELETE', `/batches/${id}`)).status).toBe(409);
    await post(id, 'cancel');
    await sleep(100);
    const at = await get(id);
    expect(at).toMatchObject({ status: 'cancelled', failed: 0 });
    await sleep(150);
    expect(await get(id)).toMatchObject({ status: 'cancelled', done: at.done });
    expect((await api('DELETE', `/batches/${id}`)).status).toBe(204);
    expect((await api('GET', `/batches/${id}`)).status).toBe(404);
  });
  it('blames the row that takes its worker with it, and no other', async () => {
    const { id } = await begin({ data: values(1, 2, -2, 4) });
    expect(await until(id, is('finished'))).toMatchObject({ done: 3, failed: 1 });
    expect((await rowsOf(id, 'status=failed'))[0]).toMatchObject({ row: 3, problems: [{ code: 'SERVER_BATCH_ROW_LOST' }] });
  });
  it('waits for room on a full disk, and fails no row for it', async () => {
    const { id } = await begin({ data: values(31, -3, 32) });
    expect(await until(id, is('finished'))).toMatchObject({ done: 3, failed: 0 });
    expect(await rowsOf(id)).toMatchObject([
      { attempt: 1 },
      { attempt: 1, status: 'finished', outputs: { show: { value: -3 } } },
      { attempt: 1 },
    ]);
  }, 30_000);
  it('goes on after the server was ended, and does no row twice', async () => {
    const first = await start('restarted');
    const { id } = await begin({ graph: touchy(15), data: values(...Array.from({ length: 30 }, (_, i) => i)) }, first);
    await until(id, ({ done }) => done > 3, first);
    await first.close();
    const second = await start('restarted');
    const batch = await until(id, is('finished'), second);
    const rows = await rowsOf(id, '', second);
    const types = (await eventsOf(id, second)).map(({ type }) => type).filter((type) => type !== 'batch_progress');
    await second.close();
    expect([batch.done, rows.every(({ attempt }) => attempt === 1), rows.map(({ recorded }) => recorded)]).toEqual([
      30,
      true,
      Array.from({ length: 30 }, (_, i) => i + 1),
    ]);
    expect(types).toEqual(['batch_queued', 'batch_started', 'batch_interrupted', 'batch_started', 'batch_finished']);
  });
  it('is told over socket.io and as server-sent events as over HTTP', async () => {
    const { id } = await begin({ graph: touchy(300), data: values(1, 2) });
    const socket = io(server.url, { transports: ['websocket'] });
    const events: BatchEvent[] = [];
    const summaries: BatchSummary[] = [];
    const rows: number[] = [];
    socket.on('batchEvents', (more: BatchEvent[]) => events.push(...more));
    socket.on('batches', ({ batches }: { batches: BatchSummary[] }) => summaries.push(...batches));
    socket.on('batchActivity', (activity: Record<string, { row: number; node: string }>) => activity[id] && rows.push(activity[id].row));
    socket.on('connect', () => socket.emit('watchBatch', { batch: id, after: 0 }, () => {}));
    const response = await fetch(`${server.url}/api/v1/batches/${id}/events`, { headers: { accept: 'text/event-stream' } });
    let streamed = '';
    for await (const part of Readable.fromWeb(response.body as ReadableStream)) {
      streamed += (part as Buffer).toString();
      if (streamed.includes('batch_finished')) break;
    }
    await sleep(400);
    socket.close();
    const stored = await eventsOf(id);
    expect(events).toEqual(stored);
    expect([...streamed.matchAll(/^data: (.*)$/gm)].map(([, data]) => JSON.parse(data!) as BatchEvent)).toEqual(stored);
    expect(summaries.at(-1)).toMatchObject({ id, status: 'finished', done: 2 });
  });
});
