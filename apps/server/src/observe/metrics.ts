// What /metrics tells, in Prometheus' text format. Every label takes few values: statuses, installed node types, event types, routes as templates.
import { readFileSync, statSync } from 'node:fs';
import type { RunEvent } from '@facewright/core';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Database } from '../data/database.ts';
import type { Supervisor } from '../workers/worker-supervisor.ts';
import type { EventSink } from './active-runs.ts';
import type { BatchSink } from './batch-sink.ts';

export interface MetricsOptions {
  readonly database: Database;
  readonly workers: readonly Pick<Supervisor, 'pid' | 'provider'>[];
  socketClients(): number;
}
export interface Metrics {
  readonly event: EventSink;
  readonly batches: BatchSink;
  /** `route` is a template such as /runs/:id, never an address that came. */
  http(method: string, route: string, status: number, seconds: number): void;
  /** A worker process became ready. */
  workerStarted(): void;
  readonly contentType: string;
  text(): Promise<string>;
}

const statuses = ['queued', 'running', 'paused', 'succeeded', 'failed', 'cancelled'];
const batchStatuses = ['queued', 'running', 'paused', 'finished', 'stopped', 'cancelled'];
const methods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS']);
const nodeBuckets = [0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 900, 3600, 14_400];
const httpBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10];

export function createMetrics({ database, workers, socketClients }: MetricsOptions): Metrics {
  const registry = new Registry();
  const registers = [registry];
  // The processor wakes ten times a second for it, not a hundred times.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });

  const selectCounts = database.prepare<[], { status: string; runs: number }>('SELECT status, count(*) AS runs FROM runs GROUP BY status');
  new Gauge({
    name: 'facewright_runs',
    help: 'Runs in the data folder, by status; those that are queued are the length of the queue.',
    labelNames: ['status'],
    registers,
    collect() {
      for (const status of statuses) this.set({ status }, 0);
      for (const { status, runs } of selectCounts.all()) this.set({ status }, runs);
    },
  });
  const selectBatches = database.prepare<[], { status: string; batches: number; count: number; done: number; failed: number }>(
    'SELECT status, count(*) AS batches, sum(count) AS count, sum(done) AS done, sum(failed) AS failed FROM batches GROUP BY status',
  );
  new Gauge({
    name: 'facewright_batches',
    help: 'Batches in the data folder, by status.',
    labelNames: ['status'],
    registers,
    collect() {
      for (const status of batchStatuses) this.set({ status }, 0);
      for (const { status, batches } of selectBatches.all()) this.set({ status }, batches);
    },
  });
  new Gauge({
    name: 'facewright_batch_rows',
    help: 'Rows of all batches in the data folder: finished, failed, or not run yet (waiting).',
    labelNames: ['status'],
    registers,
    collect() {
      const all = selectBatches.all();
      const sum = (of: (row: (typeof all)[number]) => number) => all.reduce((total, row) => total + of(row), 0);
      this.set(
        { status: 'finished' },
        sum(({ done }) => done),
      );
      this.set(
        { status: 'failed' },
        sum(({ failed }) => failed),
      );
      this.set(
        { status: 'waiting' },
        sum(({ count, done, failed }) => count - done - failed),
      );
    },
  });
  const rowsEnded = new Counter({
    name: 'facewright_batch_rows_ended_total',
    help: 'Rows of batches that ended since the server started; its rate is rows per second.',
    labelNames: ['status'],
    registers,
  });
  const batchesEnded = new Counter({
    name: 'facewright_batches_ended_total',
    help: 'Batches that ended since the server started.',
    labelNames: ['status'],
    registers,
  });
  new Gauge({
    name: 'facewright_database_bytes',
    help: 'Size of facewright.sqlite with its write-ahead log.',
    registers,
    collect() {
      this.set(
        [database.name, `${database.name}-wal`].reduce((sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0),
      );
    },
  });
  new Gauge({
    name: 'facewright_worker_memory_bytes',
    help: 'Resident memory of a worker process, which has a number of its own; of it, own: without mapped files such as weights that are read in place. Absent without a worker, and where the system does not tell.',
    labelNames: ['worker', 'provider', 'of'],
    registers,
    collect() {
      this.reset();
      workers.forEach(({ pid, provider }, worker) => {
        const memory = residentOf(pid());
        if (!memory) return;
        const labels = { worker, provider: provider() ?? 'unknown' };
        this.set({ ...labels, of: 'all' }, memory.all);
        this.set({ ...labels, of: 'own' }, memory.own);
      });
    },
  });
  new Gauge({
    name: 'facewright_socket_clients',
    help: 'Connected socket.io clients.',
    registers,
    collect() {
      this.set(socketClients());
    },
  });
  const workerStarts = new Counter({
    name: 'facewright_worker_starts_total',
    help: 'Worker processes that became ready; the first is no restart.',
    registers,
  });
  const workerLosses = new Counter({
    name: 'facewright_worker_losses_total',
    help: 'Workers that were lost at work: crashed, hung or ended for their memory.',
    registers,
  });
  const events = new Counter({ name: 'facewright_events_total', help: 'Events of runs.', labelNames: ['type'], registers });
  const runsEnded = new Counter({
    name: 'facewright_runs_ended_total',
    help: 'Runs that ended since the server started.',
    labelNames: ['status'],
    registers,
  });
  const nodes = new Counter({
    name: 'facewright_nodes_total',
    help: 'Nodes that ended: run, cached (taken from the store) or failed.',
    labelNames: ['type', 'how'],
    registers,
  });
  const nodeSeconds = new Histogram({
    name: 'facewright_node_seconds',
    help: 'Time that nodes took to run.',
    labelNames: ['type'],
    buckets: nodeBuckets,
    registers,
  });
  const httpSeconds = new Histogram({
    name: 'facewright_http_seconds',
    help: 'Time until a request was answered.',
    labelNames: ['method', 'route', 'status'],
    buckets: httpBuckets,
    registers,
  });

  const endStatus = (event: RunEvent): string | undefined =>
    (({ run_succeeded: 'succeeded', run_failed: 'failed', run_cancelled: 'cancelled' }) as Record<string, string>)[event.type];

  return {
    event(event, { types }) {
      events.inc({ type: event.type });
      const typeOf = (node: string) => types.get(node) ?? 'unknown';
      if (event.type === 'node_finished') {
        nodes.inc({ type: typeOf(event.node), how: 'run' });
        nodeSeconds.observe({ type: typeOf(event.node) }, event.seconds);
      } else if (event.type === 'node_cached') nodes.inc({ type: typeOf(event.node), how: 'cached' });
      else if (event.type === 'node_failed') nodes.inc({ type: typeOf(event.node), how: 'failed' });
      else if (event.type === 'worker_lost') workerLosses.inc();
      const status = endStatus(event);
      if (status !== undefined) runsEnded.inc({ status });
    },
    batches: {
      event({ type }) {
        if (type === 'batch_finished' || type === 'batch_stopped' || type === 'batch_cancelled')
          batchesEnded.inc({ status: type.replace('batch_', '') });
      },
      rows({ results }) {
        for (const { status } of results) rowsEnded.inc({ status });
      },
    },
    http(method, route, status, seconds) {
      httpSeconds.observe({ method: methods.has(method) ? method : 'other', route, status }, seconds);
    },
    workerStarted: () => workerStarts.inc(),
    contentType: registry.contentType,
    text: () => registry.metrics(),
  };
}

/** Bytes; null without a process, and where the system does not tell. */
function residentOf(pid: number | null): { readonly all: number; readonly own: number } | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    const bytes = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)![1]) * 1024;
    return { all: bytes('VmRSS'), own: bytes('RssAnon') };
  } catch {
    return null;
  }
}
