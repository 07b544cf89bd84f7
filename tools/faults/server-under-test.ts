// A server of small nodes as its own process, started and ended in any way, and what is asked of it over HTTP.
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchDetails, BatchRowRecord, Graph, RunEvent, RunSummary } from '@facewright/core';

const NODES = new URL('../../apps/server/src/fixtures/test-nodes.ts', import.meta.url).href;
/** How long a server may take to answer its address, and a request its answer, ms. */
const PATIENCE_MS = 60_000;

export interface ServerUnderTest {
  readonly pid: number;
  readonly url: string;
  /** Process ids of its workers. */
  workers(): number[];
  /** Resolves with its exit code or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** What it wrote to stderr. */
  log(): string;
  post<T>(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<T>;
  get<T>(path: string): Promise<T>;
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
}
/** A server that ended instead of answering. */
export class Refused extends Error {
  readonly how: number | string;
  constructor(how: number | string, log: string) {
    super(`the server ended with ${how}: ${log}`);
    this.how = how;
  }
}

/** `nodeOptions` go to server and workers, e.g. `--import FILE`; `nodes` is the URL of a module of nodes. Rejects with Refused where the server ends before it answers. */
export async function serve(
  data: string,
  { nodeOptions = '', workers = 1, nodes = NODES, logLevel = 'info' } = {},
): Promise<ServerUnderTest> {
  const provider = Array<string>(workers).fill('null').join(',');
  const child = spawn(
    'facewright',
    ['serve', '--port', '0', '--provider', provider, '--nodes', nodes, '--data', data, '--log-level', logLevel],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, NODE_OPTIONS: nodeOptions },
    },
  );
  const ended = once(child, 'close').then(([code, signal]) => (signal ?? code) as number | string);
  let log = '';
  child.stderr.on('data', (text: Buffer) => (log += text.toString()));
  const url = await Promise.race([addressOf(child), ended.then(() => null)]);
  if (url === null) throw new Refused(await ended, log);
  const ask = async <T>(path: string, init: RequestInit): Promise<T> => {
    const response = await fetch(`${url}/api/v1${path}`, { ...init, signal: AbortSignal.timeout(PATIENCE_MS) });
    const text = await response.text();
    if (!response.ok) throw new Error(`${init.method ?? 'GET'} ${path}: status ${response.status}, ${text}`);
    return JSON.parse(text) as T;
  };
  return {
    pid: child.pid!,
    url,
    ended,
    log: () => log,
    workers: () => childrenOf(child.pid!),
    get: (path) => ask(path, {}),
    post: (path, body, headers) =>
      ask(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json', ...headers } }),
    async end(signal) {
      child.kill(signal);
      await ended;
    },
  };
}

async function addressOf(child: ChildProcess): Promise<string | null> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const url = /^Facewright is at (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  return null;
}

function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** Each row waits a while, then paints a picture and writes a report of its own. */
const rowGraph: Graph = {
  facewright: 1,
  name: 'faults',
  description: '',
  groups: [],
  nodes: {
    wait: { type: 'test/touchy', version: 1, values: {} },
    show: { type: 'test/show', version: 1, values: {} },
    paint: { type: 'test/paint', version: 1, values: {} },
  },
  links: [{ from: ['wait', 'value'], to: ['show', 'value'] }],
};
export const runGraph: Graph = {
  facewright: 1,
  name: 'one run',
  description: '',
  groups: [],
  nodes: {
    count: { type: 'test/count', version: 1, values: { steps: 3 } },
    show: { type: 'test/show', version: 1, values: {} },
  },
  links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
};

/** Begins a batch whose rows take up to `longest` ms each. */
export async function beginBatch(server: ServerUnderTest, rows: number, longest: number, random: () => number): Promise<string> {
  const data = Array.from({ length: rows }, (_, i) => ({
    value: i + 1,
    wait: Math.floor(random() * longest),
    title: `row ${i + 1}`,
    grey: i % 256,
  }));
  const map = { value: 'wait.value', wait: 'wait.wait', title: 'paint.title', grey: 'paint.grey' };
  const { batch } = await server.post<{ batch: BatchDetails }>('/batches', { graph: rowGraph, data: { rows: data }, map });
  return batch.id;
}
export const batchOf = async (server: ServerUnderTest, id: string): Promise<BatchDetails> =>
  (await server.get<{ batch: BatchDetails }>(`/batches/${id}`)).batch;

/** Records of rows that were run, in the order of recording, after one of them. */
export async function recorded(server: ServerUnderTest, id: string, since: number): Promise<BatchRowRecord[]> {
  const all: BatchRowRecord[] = [];
  for (;;) {
    const from = all.at(-1)?.recorded ?? since;
    const { rows } = await server.get<{ rows: BatchRowRecord[] }>(`/batches/${id}/rows?since=${from}&limit=200`);
    if (rows.length === 0) return all;
    all.push(...rows);
  }
}

/** Resolves when the batch has ended; throws when it stands still for a minute. */
export async function untilEnded(server: ServerUnderTest, id: string): Promise<BatchDetails> {
  let last = -1;
  let moved = Date.now();
  for (;;) {
    const batch = await batchOf(server, id);
    if (batch.finished !== null) return batch;
    if (batch.done + batch.failed !== last) [last, moved] = [batch.done + batch.failed, Date.now()];
    if (Date.now() - moved > PATIENCE_MS) throw new Error(`batch ${id} stands still at ${last} of ${batch.count} rows, ${batch.status}`);
    await sleep(200);
  }
}

export const submit = async (server: ServerUnderTest, key: string): Promise<RunSummary> =>
  (await server.post<{ run: RunSummary }>('/runs', { graph: runGraph }, { 'idempotency-key': key })).run;
export const eventsOf = async (server: ServerUnderTest, run: string): Promise<readonly RunEvent[]> =>
  (await server.get<{ events: readonly RunEvent[] }>(`/runs/${run}/events`)).events;
