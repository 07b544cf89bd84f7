// Live events at scale: many clients watch several runs at once, and one of them takes nothing.
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Graph, RunSummary } from '@facewright/core';
import type { Measurement } from '../bench/report.ts';
import type { LiveClients, LiveMessage, LiveResult } from './live-clients.ts';

const RUNS = 10;
const CLIENTS = 1000;
const PROCESSES = 4;
const PER_SECOND = 50;
const SECONDS = 30;

export const aboutLive = `${CLIENTS} socket.io clients in ${PROCESSES} processes watch ${RUNS} runs, ${CLIENTS / RUNS} each, and every run tells ${PER_SECOND} events a second for ${SECONDS} s, each from a worker of its own. One more client takes nothing from the network for that time. Every client checks that it gets each event of its run once and in order. The latency is from the server's time of an event, which it has when it is stored, to when a client has it. Server, workers and clients share the machine, so the clients' own work is part of it. Memory is what the server process holds beside files that it maps (\`RssAnon\` of Linux).`;

/** MB that a process holds beside files that it maps. */
const held = (pid: number) => Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;
/** Seconds of the processor that a process has used; the kernel counts a hundred a second. */
function used(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Only on Linux. */
export async function measureLive(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-live-'));
  const server = spawn(
    'facewright',
    [
      ...['serve', '--port', '0', '--data', join(folder, 'data'), '--log-level', 'error'],
      ...['--provider', Array<string>(RUNS).fill('null').join(',')],
      ...['--nodes', new URL('./live-nodes.ts', import.meta.url).href],
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  const ended = once(server, 'close');
  const children: ChildProcess[] = [];
  try {
    const url = await addressOf(server);
    // Clients need a while to connect on a busy machine; the runs wait for them.
    const from = Date.now() + 30_000;
    const runs = await Promise.all(Array.from({ length: RUNS }, (_, i) => startRun(url, i, from)));
    const start = (clients: number, stallMs: number) => {
      const of: LiveClients = { url, clients, runs, stallMs };
      const child = fork(new URL('./live-clients.ts', import.meta.url), [JSON.stringify(of)]);
      children.push(child);
      return listen(child);
    };
    const crowds = Array.from({ length: PROCESSES }, () => start(CLIENTS / PROCESSES, 0));
    const slow = start(1, from - Date.now() + SECONDS * 1000);
    await Promise.all([...crowds, slow].map(({ watching }) => watching));
    const late = Date.now() - from;
    if (late > 0) throw new Error(`the clients were connected ${late} ms after the first event`);
    await sleep(from - Date.now());

    const memory = [held(server.pid!)];
    const before = used(server.pid!);
    for (let second = 0; second < SECONDS; second++) {
      await sleep(1000);
      memory.push(held(server.pid!));
    }
    const busy = used(server.pid!) - before;
    const results = await Promise.all(crowds.map(({ result }) => result));
    const stalled = await slow.result;
    const sum = (of: (result: LiveResult) => number) => results.reduce((total, result) => total + of(result), 0);
    const latencies = sorted(results);
    return [
      { name: 'clients that saw every event to the end', value: sum(({ whole }) => whole), unit: `of ${CLIENTS}` },
      { name: 'events delivered', value: sum(({ events }) => events), unit: '' },
      { name: 'events lost, repeated or out of order', value: sum(({ wrong }) => wrong), unit: '', most: 0 },
      { name: 'clients that did not see the end', value: CLIENTS - sum(({ whole }) => whole), unit: '', most: 0 },
      { name: 'latency, median', value: quantile(latencies, 0.5), unit: 'ms' },
      { name: 'latency, 99 %', value: quantile(latencies, 0.99), unit: 'ms', most: 100 },
      { name: 'latency, longest', value: quantile(latencies, 1), unit: 'ms' },
      {
        name: 'events that the stalled client missed or got twice, once it went on',
        value: stalled.wrong + (1 - stalled.whole),
        unit: '',
        most: 0,
      },
      { name: 'server process while clients wait', value: memory[0]!, unit: 'MB' },
      { name: 'server process at the most', value: Math.max(...memory), unit: 'MB' },
      {
        name: 'growth of the server process over the second half',
        value: Math.max(...memory.slice(SECONDS / 2)) - memory[SECONDS / 2]!,
        unit: 'MB',
        most: 50,
      },
      { name: 'processor time of the server process', value: busy / SECONDS, unit: 'cores' },
    ];
  } finally {
    for (const child of children) child.kill();
    server.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function addressOf(server: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: server.stdout! })) {
    const url = /^Facewright is at (\S+)$/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error('the server did not start');
}

async function startRun(url: string, number: number, from: number): Promise<string> {
  const graph: Graph = {
    facewright: 1,
    name: `live ${number}`,
    description: '',
    groups: [],
    nodes: { chatter: { type: 'bench/chatter', version: 1, values: { from, perSecond: PER_SECOND, seconds: SECONDS } } },
    links: [],
  };
  const response = await fetch(`${url}/api/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ graph }),
  });
  return ((await response.json()) as { readonly run: RunSummary }).run.id;
}

function listen(child: ChildProcess): { readonly watching: Promise<void>; readonly result: Promise<LiveResult> } {
  const watching = Promise.withResolvers<void>();
  const result = Promise.withResolvers<LiveResult>();
  child.on('message', (message: LiveMessage) => {
    if (message.type === 'watching') watching.resolve();
    else result.resolve(message.result);
  });
  child.on('exit', (code) => {
    const error = new Error(`a process of clients ended with ${code}`);
    watching.reject(error);
    result.reject(error);
  });
  result.promise.catch(() => {});
  return { watching: watching.promise, result: result.promise };
}

/** Counts of all processes together, by rising latency. */
function sorted(results: readonly LiveResult[]): readonly (readonly [ms: number, count: number])[] {
  const all = new Map<number, number>();
  for (const { latencies } of results) for (const [ms, count] of latencies) all.set(ms, (all.get(ms) ?? 0) + count);
  return [...all].sort(([a], [b]) => a - b);
}
function quantile(counts: readonly (readonly [ms: number, count: number])[], share: number): number {
  let left = share * counts.reduce((sum, [, count]) => sum + count, 0);
  for (const [ms, count] of counts) if ((left -= count) <= 0) return ms;
  return counts.at(-1)?.[0] ?? NaN;
}
