import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  parseRunLock,
  type BatchDetails,
  type BatchEventBody,
  type Graph,
  type RunEvent,
  type RunEventBody,
  type RunSummary,
} from '@facewright/core';
import { io } from 'socket.io-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import { openDatabase } from '../data/database.ts';
import type { RunningServer } from '../start-server.ts';
import { tellSinks } from './active-runs.ts';
import { createLog, type Log } from './log.ts';
import { createReadiness } from './readiness.ts';
import { openTraces } from './traces.ts';

interface Line {
  readonly level: string;
  readonly time: string;
  readonly msg: string;
  readonly run?: string;
  readonly node?: string;
  readonly batch?: string;
  readonly row?: number;
  readonly worker?: number;
}
/** A log whose lines can be read. */
function recorded(level: 'debug' | 'info' = 'info'): { log: Log; lines: () => Line[]; text: () => string } {
  let text = '';
  const log = createLog({ level, terminal: false, to: { write: (line) => (text += line) } });
  const lines = () =>
    text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Line);
  return { log, lines, text: () => text };
}
const graph = (name: string, ...types: string[]): Graph => ({
  facewright: 1,
  name,
  description: '',
  groups: [],
  nodes: Object.fromEntries(types.map((type, i) => [`n${i + 1}`, { type: `test/${type}`, version: 1, values: {} }])),
  links: types.slice(1).map((_, i) => ({ from: [`n${i + 1}`, 'value'], to: [`n${i + 2}`, 'value'] })),
});

describe('a log', () => {
  it('writes JSON lines with level, time and the ids of what they are about', () => {
    const { log, lines } = recorded();
    log.warn('paint runs out', { run: 'r1', node: 'n2' });
    log.debug('not asked for');
    expect(lines()).toEqual([{ level: 'warn', time: expect.stringMatching(/^\d{4}-.*Z$/), run: 'r1', node: 'n2', msg: 'paint runs out' }]);
  });
  it('keeps secrets out of messages and of what they are about', () => {
    const { log, lines, text } = recorded();
    log.error('fetch of "https://x/?token=very-secret" failed', { node: 'Bearer very-secret' });
    expect(text()).not.toContain('very-secret');
    expect(lines()[0]).toMatchObject({ msg: 'fetch of "https://x/?token=…" failed', node: 'Bearer …' });
  });
  it('is readable on a terminal', () => {
    let text = '';
    const to = new Writable({
      write(chunk: Buffer, _, done) {
        text += chunk.toString();
        done();
      },
    });
    const log = createLog({ level: 'info', terminal: true, to });
    log.info('ready', { run: 'r1' });
    expect(text).toMatch(/INFO.*ready/);
    expect(text).toContain('r1');
  });
});

describe('a server', () => {
  let folder: string, server: RunningServer;
  const { log, lines } = recorded('debug');
  const get = async (path: string) => {
    const response = await fetch(`${server.url}${path}`);
    return { status: response.status, text: await response.text() };
  };
  async function run(document: Graph): Promise<{ id: string; events: RunEvent[] }> {
    const made = await fetch(`${server.url}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ graph: document }),
    });
    const { id } = ((await made.json()) as { run: RunSummary }).run;
    for (;;) {
      const { events } = JSON.parse((await get(`/api/v1/runs/${id}/events`)).text) as { events: RunEvent[] };
      if (events.some(({ type }) => ['run_succeeded', 'run_failed'].includes(type))) return { id, events };
      await sleep(20);
    }
  }
  /** Lines of /metrics, by name with labels. */
  const metrics = async () =>
    new Map(
      (await get('/metrics')).text
        .split('\n')
        .filter((line) => line && !line.startsWith('#'))
        .map((line): [string, number] => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ') + 1))]),
    );
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'observe-spec-'));
    server = await startTestServer(folder, { log });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });

  it('counts runs, nodes by type, what was taken from the store, events and requests, without ids in labels', async () => {
    const { id } = await run(graph('counted', 'source', 'count', 'show'));
    await run(graph('counted', 'source', 'count', 'show'));
    await run(graph('failing', 'source', 'fail', 'show'));
    await get('/no/such/page');
    const told = await metrics();
    expect(told.get('facewright_runs{status="succeeded"}')).toBe(2);
    expect(told.get('facewright_runs{status="queued"}')).toBe(0);
    expect(told.get('facewright_runs_ended_total{status="failed"}')).toBe(1);
    expect(told.get('facewright_nodes_total{type="test/count",how="run"}')).toBe(1);
    expect(told.get('facewright_nodes_total{type="test/count",how="cached"}')).toBe(1);
    expect(told.get('facewright_nodes_total{type="test/fail",how="failed"}')).toBe(1);
    expect(told.get('facewright_node_seconds_count{type="test/count"}')).toBe(1);
    expect(told.get('facewright_node_seconds_sum{type="test/count"}')).toBeGreaterThan(0.03);
    expect(told.get('facewright_events_total{type="run_queued"}')).toBe(3);
    expect(told.get('facewright_http_seconds_count{method="POST",route="/runs",status="201"}')).toBe(3);
    expect(told.get('facewright_http_seconds_count{method="GET",route="other",status="404"}')).toBe(1);
    expect(told.get('facewright_worker_starts_total')).toBe(1);
    expect(told.get('facewright_database_bytes')).toBeGreaterThan(10_000);
    if (process.platform === 'linux')
      expect(told.get('facewright_worker_memory_bytes{worker="0",provider="null",of="all"}')).toBeGreaterThan(1e7);
    expect([...told.keys()].filter((line) => line.includes(id))).toEqual([]);
  });
  it('tells what became of each node of a run, with its times', async () => {
    const { id } = await run(graph('timed', 'source', 'count', 'fail', 'show'));
    const { nodes } = JSON.parse((await get(`/api/v1/runs/${id}`)).text) as {
      nodes: { node: string; status: string; seconds: number | null }[];
    };
    expect(nodes.map(({ node, status }) => [node, status])).toEqual([
      ['n1', 'cached'],
      ['n2', 'cached'],
      ['n3', 'failed'],
      ['n4', 'stopped'],
    ]);
  });
  it('gives the lock of a run that succeeded, and refuses that of another', async () => {
    const { id } = await run(graph('locked', 'source', 'show'));
    const { lock } = parseRunLock((await get(`/api/v1/runs/${id}/lock`)).text);
    expect(lock).toMatchObject({
      run: id,
      provider: 'null',
      nodes: { n1: { type: 'test/source' } },
      outputs: { n2: { value: { value: 1 } } },
    });
    const failed = await run(graph('failing', 'source', 'fail', 'show'));
    expect((await get(`/api/v1/runs/${failed.id}/lock`)).status).toBe(409);
    expect((await get('/api/v1/runs/none/lock')).status).toBe(404);
  });
  it('counts the clients that are connected', async () => {
    const before = (await metrics()).get('facewright_socket_clients')!;
    const socket = io(server.url, { transports: ['websocket'] });
    await new Promise<void>((resolve) => socket.on('connect', resolve));
    expect((await metrics()).get('facewright_socket_clients')).toBe(before + 1);
    socket.close();
  });
  it('logs runs and what nodes and the worker say with their ids, and requests without what addresses hold', async () => {
    const { id } = await run(graph('logged', 'source', 'fail', 'show'));
    const mine = lines().filter((line) => line.run === id);
    expect(mine).toContainEqual(expect.objectContaining({ level: 'info', msg: 'run of logged started on null' }));
    expect(mine).toContainEqual(expect.objectContaining({ level: 'error', msg: expect.stringContaining('out of paint') as string }));
    expect(lines().find(({ msg }) => msg.startsWith('provider null'))?.worker).toBe(server.workerPid());
    await get('/judge/secret-token');
    expect(lines().some(({ msg }) => msg.startsWith('GET /judge/:token'))).toBe(true);
    expect(JSON.stringify(lines())).not.toContain('secret-token');
  });
  it('counts batches and rows by what became of them, and logs beginnings, ends and rows that fail with their ids', async () => {
    const touchy = graph('rows', 'touchy', 'show');
    const made = await fetch(`${server.url}/api/v1/batches`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'rows', graph: touchy, data: { rows: [1, 2, -1, 3].map((value) => ({ 'n1.value': value })) } }),
    });
    const { id } = ((await made.json()) as { batch: BatchDetails }).batch;
    const mine = () => lines().filter((line) => line.batch === id);
    for (let i = 0; i < 500 && !mine().some(({ msg }) => msg === 'batch of rows finished'); i++) await sleep(20);
    const about = mine().map(({ level, msg, row, node }) => [level, msg, row, node]);
    expect(about).toContainEqual(['info', 'batch of rows started', undefined, undefined]);
    expect(about).toContainEqual(['warn', expect.stringMatching(/^row 3 of rows failed: ./), 3, 'n1']);
    expect(about.filter(([level]) => level === 'warn')).toHaveLength(1);
    const told = await metrics();
    expect(told.get('facewright_batches{status="finished"}')).toBe(1);
    expect(told.get('facewright_batches{status="running"}')).toBe(0);
    expect(told.get('facewright_batches_ended_total{status="finished"}')).toBe(1);
    const rows = (name: string) => ['finished', 'failed', 'waiting'].map((status) => told.get(`${name}{status="${status}"}`));
    expect(rows('facewright_batch_rows')).toEqual([3, 1, 0]);
    expect(rows('facewright_batch_rows_ended_total')).toEqual([3, 1, undefined]);
    expect([...told.keys()].filter((line) => line.includes(id))).toEqual([]);
  });
  it('is alive, and ready once its worker is', async () => {
    expect(await get('/healthz')).toEqual({ status: 200, text: '{"alive":true}' });
    expect(await get('/readyz')).toEqual({ status: 200, text: '{"ready":true,"problems":[]}' });
  });
});

describe('readiness', () => {
  it('names everything that is in the way: the database, the disk, the worker', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ready-spec-'));
    const database = openDatabase(join(folder, 'facewright.sqlite'));
    const ready = createReadiness({
      dataFolder: folder,
      database,
      workers: [{ obstacle: () => null }, { obstacle: () => 'exit code 1' }],
      freeBytes: async () => 1e9,
    });
    expect(await ready()).toEqual([]);
    const troubled = createReadiness({
      dataFolder: join(folder, 'gone'),
      database,
      workers: [{ obstacle: () => 'exit code 1' }],
      freeBytes: async () => 5 * 2 ** 20,
    });
    const problems = await troubled();
    expect(problems.map(({ code }) => code)).toEqual(['SERVER_WRITE_FAILED', 'SERVER_NO_ROOM', 'SERVER_NOT_READY']);
    expect(problems[1]!.message).toContain('got 5 MB');
    database.close();
    expect((await ready()).map(({ code }) => code)).toEqual(['SERVER_WRITE_FAILED']);
    rmSync(folder, { recursive: true });
  });
});

interface SentSpan {
  readonly name: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly status: { readonly code?: number; readonly message?: string };
  readonly attributes: readonly {
    readonly key: string;
    readonly value: { readonly stringValue?: string; readonly boolValue?: boolean; readonly intValue?: number };
  }[];
  readonly events: readonly { readonly name: string; readonly attributes: SentSpan['attributes'] }[];
}
describe('traces', () => {
  let collector: Server, endpoint: string;
  const received: unknown[] = [];
  beforeAll(async () => {
    collector = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        received.push({ path: request.url, body: JSON.parse(Buffer.concat(chunks).toString()) as unknown });
        response.setHeader('content-type', 'application/json').end('{}');
      });
    });
    await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
    endpoint = `http://127.0.0.1:${(collector.address() as AddressInfo).port}`;
  });
  afterAll(() => new Promise((resolve) => collector.close(resolve)));

  it('are off without an endpoint', async () => {
    expect(await openTraces({}, () => {})).toBeNull();
  });
  it('send a span for each run and, under it, one for each node with its times, and say what failed', async () => {
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
    const warnings: string[] = [];
    const traces = (await openTraces(process.env, (message) => warnings.push(message)))!;
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    const tell = tellSinks([traces.event], () => 'traced');
    let seq = 0;
    const at = (seconds: number, body: RunEventBody) =>
      tell({ ...body, run: 'r1', seq: ++seq, time: new Date(Date.UTC(2026, 0, 1, 0, 0, seconds)).toISOString() });
    const step = (node: string, type: string) => ({ node, type, action: 'run', reason: 'never ran before', key: node }) as const;
    at(0, { type: 'run_queued', name: 'traced' });
    at(2, { type: 'run_started', provider: 'cpu', plan: [step('a', 'test/source'), step('b', 'test/count'), step('c', 'test/fail')] });
    at(2, { type: 'node_cached', node: 'a', outputs: {}, reason: 'nothing changed since its result was stored' });
    at(3, { type: 'node_started', node: 'b' });
    at(7, { type: 'node_finished', node: 'b', outputs: {}, seconds: 4 });
    at(7, { type: 'node_started', node: 'c' });
    at(8, { type: 'node_failed', node: 'c', problem: { code: 'X', message: 'out of paint' } });
    at(8, { type: 'run_failed', problems: [{ code: 'X', message: 'out of paint' }] });
    await traces.close();

    expect(warnings).toEqual([]);
    const sent = received as {
      path: string;
      body: { resourceSpans: { resource: { attributes: unknown }; scopeSpans: { spans: SentSpan[] }[] }[] };
    }[];
    expect(sent.map(({ path }) => path)).toEqual(['/v1/traces']);
    const [{ resource, scopeSpans }] = sent[0]!.body.resourceSpans as [
      { resource: { attributes: unknown }; scopeSpans: { spans: SentSpan[] }[] },
    ];
    expect(resource.attributes).toContainEqual({ key: 'service.name', value: { stringValue: 'facewright' } });
    const spans = new Map(scopeSpans.flatMap((scope) => scope.spans).map((span) => [span.name, span]));
    const seconds = ({ startTimeUnixNano, endTimeUnixNano }: SentSpan) => (Number(endTimeUnixNano) - Number(startTimeUnixNano)) / 1e9;
    const run = spans.get('run traced')!;
    expect(run.parentSpanId).toBeUndefined();
    expect(seconds(run)).toBe(8);
    expect(run.status).toMatchObject({ code: 2, message: 'out of paint' });
    const nodes = ['node test/source', 'node test/count', 'node test/fail'].map((name) => spans.get(name)!);
    expect(nodes.map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual(nodes.map(() => [run.traceId, run.spanId]));
    expect(nodes.map(seconds)).toEqual([0, 4, 1]);
    expect(nodes.map(({ status }) => status.code ?? 0)).toEqual([0, 0, 2]);
    expect(nodes[0]!.attributes).toContainEqual({ key: 'facewright.cached', value: { boolValue: true } });
    expect(nodes[1]!.attributes).toContainEqual({ key: 'facewright.node', value: { stringValue: 'b' } });
  });
  it('send a span for each batch and, under it, one for each job of rows, and say which rows failed', async () => {
    received.length = 0;
    process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] = endpoint;
    const traces = (await openTraces(process.env, () => {}))!;
    delete process.env['OTEL_EXPORTER_OTLP_ENDPOINT'];
    const { batches } = traces;
    const day = Date.UTC(2026, 0, 1);
    let seq = 0;
    const at = (seconds: number, body: BatchEventBody) =>
      batches.event({ ...body, batch: 'b1', seq: ++seq, time: new Date(day + seconds * 1000).toISOString() }, 'faces');
    const job = (begun: number, ended: number, results: readonly (readonly [row: number, problem?: string])[]) =>
      batches.rows({
        ...{ batch: 'b1', name: 'faces', provider: 'cpu', begun: day + begun * 1000, ended: day + ended * 1000 },
        results: results.map(([row, problem]) => ({
          ...{ row, seconds: 1, outputs: {}, scores: {} },
          ...(problem === undefined
            ? { status: 'finished', problems: [] }
            : { status: 'failed', problems: [{ code: 'X', message: problem }] }),
        })),
      });
    at(0, { type: 'batch_queued', name: 'faces', count: 4 });
    at(1, { type: 'batch_started' });
    job(1, 3, [[1]]);
    job(3, 4, [[2], [3, 'out of paint'], [4]]);
    job(4, 4, []);
    at(4, { type: 'batch_finished', done: 3, failed: 1 });
    batches.event({ type: 'batch_started', batch: 'b2', seq: 2, time: new Date(day).toISOString() }, 'cut off');
    await traces.close();
    const [{ body }] = received as [{ body: { resourceSpans: { scopeSpans: { spans: SentSpan[] }[] }[] } }];
    const spans = body.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans).flatMap((scope) => scope.spans);
    const [batch, slow, quick, cutOff] = ['batch faces', 'row faces', 'rows faces', 'batch cut off'].map((name) =>
      spans.find((span) => span.name === name)!,
    ) as [SentSpan, SentSpan, SentSpan, SentSpan];
    expect(spans).toHaveLength(4);
    const seconds = ({ startTimeUnixNano, endTimeUnixNano }: SentSpan) => (Number(endTimeUnixNano) - Number(startTimeUnixNano)) / 1e9;
    expect([batch, slow, quick].map(seconds)).toEqual([4, 2, 1]);
    expect([slow, quick].map(({ traceId, parentSpanId }) => [traceId, parentSpanId])).toEqual([
      [batch.traceId, batch.spanId],
      [batch.traceId, batch.spanId],
    ]);
    expect(batch.attributes).toContainEqual({ key: 'facewright.rows.failed', value: { intValue: 1 } });
    expect(slow.attributes).toContainEqual({ key: 'facewright.row.first', value: { intValue: 1 } });
    expect(quick.status).toMatchObject({ code: 2, message: 'out of paint' });
    expect(quick.events.map(({ attributes }) => attributes[0])).toEqual([{ key: 'facewright.row', value: { intValue: 3 } }]);
    expect(cutOff.parentSpanId).toBeUndefined();
  });
});
