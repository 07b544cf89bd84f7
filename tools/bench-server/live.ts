// Live events at scale: many clients watch several runs at once, and one of them takes nothing.
import { fork, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Graph, RunSummary } from '@facewright/core';
import type { Measurement } from '../bench/report.ts';
import { serve } from '../faults/server-under-test.ts';
import { heldMemory } from './held-memory.ts';
import type { LiveClients, LiveMessage, LiveResult } from './live-clients.ts';

const RUNS = 10;
const CLIENTS = 1000;
const PROCESSES = 2;
const PER_SECOND = 50;
const SECONDS = 30;
/** Clients need a while to connect on a busy machine; the runs wait for them. */
const CONNECT_MS = 30_000;
/** Clients that lose their connection. */
const CUT = 10;
/** Of a message to the client that takes none: the operating system holds a few MB of them, which is less than a tenth of all. */
const LETTERS = 100_000;

export const aboutLive = `${CLIENTS} socket.io clients in ${PROCESSES} processes watch ${RUNS} runs, ${CLIENTS / RUNS} each, and every run tells ${PER_SECOND} events a second for ${SECONDS} s, each from a worker of its own, all at the same moments. Every client checks that it gets each event of its run once and in order. The latency is from the server's time of an event, which it has when it is stored, to when a client has it. ${CUT} more clients lose their connection in the middle and come back; one more watches a run of long messages and takes nothing from the network until that run has ended. Server, ${RUNS + 1} workers and clients share the machine, so the clients' own work is part of the latency. Memory is what the server process holds beside files that it maps (\`RssAnon\` of Linux).`;

/** Seconds of the processor that processes have used; the kernel counts a hundred a second. */
const used = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /, '')
      .split(' ');
    return sum + (Number(fields[11]) + Number(fields[12])) / 100;
  }, 0);

/** Only on Linux. */
export async function measureLive(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-live-'));
  const server = await serve(join(folder, 'data'), {
    workers: RUNS + 1,
    nodes: new URL('./live-nodes.ts', import.meta.url).href,
    // The long messages would be lines of the log.
    logLevel: 'error',
  });
  const children: ChildProcess[] = [];
  try {
    const from = Date.now() + CONNECT_MS;
    const startRun = async (name: string, values: Readonly<Record<string, number>> = {}) => {
      const chatter = { type: 'bench/chatter', version: 1, values: { from, perSecond: PER_SECOND, seconds: SECONDS, ...values } };
      const graph: Graph = { facewright: 1, name, description: '', groups: [], nodes: { chatter }, links: [] };
      return (await server.post<{ readonly run: RunSummary }>('/runs', { graph })).run.id;
    };
    const start = (of: Omit<LiveClients, 'url'>) => {
      const child = fork(new URL('./live-clients.ts', import.meta.url), [JSON.stringify({ url: server.url, ...of } satisfies LiveClients)]);
      children.push(child);
      return { pid: child.pid!, ...listen(child) };
    };
    const runs = await Promise.all(Array.from({ length: RUNS }, (_, i) => startRun(`live ${i}`)));
    const long = await startRun('long messages', { letters: LETTERS });
    const slow = start({ clients: 1, runs: [long], mishap: { type: 'stall', at: from, until: from + SECONDS * 1000 } });
    const cut = start({ clients: CUT, runs, mishap: { type: 'cut', at: from + SECONDS * 500 } });
    const crowds = Array.from({ length: PROCESSES }, () => start({ clients: CLIENTS / PROCESSES, runs }));
    await Promise.all([slow, cut, ...crowds].map(({ watching }) => watching));
    const late = Date.now() - from;
    if (late > 0) throw new Error(`the clients were connected ${late} ms after the first event`);
    await sleep(from - Date.now());

    const parts = { server: [server.pid], workers: server.workers(), clients: crowds.map(({ pid }) => pid) };
    const before = Object.values(parts).map(used);
    const memory = [heldMemory(server.pid)];
    for (let second = 0; second < SECONDS; second++) {
      await sleep(1000);
      memory.push(heldMemory(server.pid));
    }
    const cores = Object.values(parts).map((pids, i) => (used(pids) - before[i]!) / SECONDS);
    const results = await Promise.all(crowds.map(({ result }) => result));
    const [stalled, returned] = await Promise.all([slow.result, cut.result]);
    const sum = (of: (result: LiveResult) => number) => results.reduce((total, result) => total + of(result), 0);
    const latencies = sorted(results);
    return [
      { name: 'clients that saw every event to the end', value: sum(({ whole }) => whole), unit: `of ${CLIENTS}` },
      { name: 'events delivered', value: sum(({ events }) => events), unit: '' },
      { name: 'messages that they came in', value: sum(({ messages }) => messages), unit: '' },
      { name: 'events lost, repeated or out of order', value: sum(({ wrong }) => wrong), unit: '', most: 0 },
      { name: 'clients that did not see the end', value: CLIENTS - sum(({ whole }) => whole), unit: '', most: 0 },
      { name: 'latency, median', value: quantile(latencies, 0.5), unit: 'ms' },
      { name: 'latency, 99 %', value: quantile(latencies, 0.99), unit: 'ms', most: 100 },
      { name: 'latency, longest', value: quantile(latencies, 1), unit: 'ms' },
      { name: 'events of the clients that lost their connection', value: returned.events, unit: '' },
      { name: 'of these lost, repeated or out of order', value: returned.wrong, unit: '', most: 0 },
      { name: 'of these clients, those that did not see the end', value: CUT - returned.whole, unit: '', most: 0 },
      { name: 'events of the client that took nothing, once it did', value: stalled.events, unit: '' },
      { name: 'of these lost, repeated or out of order', value: stalled.wrong, unit: '', most: 0 },
      { name: 'clients that took nothing and did not see the end', value: 1 - stalled.whole, unit: '', most: 0 },
      { name: 'told to the client that took nothing', value: (LETTERS * PER_SECOND * SECONDS) / 2 ** 20, unit: 'MB' },
      { name: 'server process while clients wait', value: memory[0]!, unit: 'MB' },
      { name: 'server process at the most', value: Math.max(...memory), unit: 'MB' },
      {
        name: 'growth of the server process over the second half',
        value: Math.max(...memory.slice(SECONDS / 2)) - memory[SECONDS / 2]!,
        unit: 'MB',
        most: 50,
      },
      ...Object.keys(parts).map((part, i) => ({ name: `processor time of the ${part}`, value: cores[i]!, unit: 'cores' })),
    ];
  } finally {
    for (const child of children) child.kill();
    await server.end('SIGTERM');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
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
