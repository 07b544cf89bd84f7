// A batch of 100,000 rows that do next to nothing: how long submitting takes, rows a second, memory, and what is left after a kill in the middle.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Asset, BatchDetails, Graph } from '@facewright/core';
import { judgeBatch, look, type Seen } from '../faults/check-ledger.ts';
import { batchOf, serve, type ServerUnderTest } from '../faults/server-under-test.ts';
import type { Measurement } from '../bench/report.ts';
import { heldMemory } from './held-memory.ts';

const ROWS = 100_000;

export const aboutBatch =
  'A CSV file of 100,000 rows, uploaded and then submitted over HTTP, each row another number through a graph of two nodes that hand it on; every row leaves its results in the store and its record in the ledger. Server and worker are killed with `kill -9` in the middle, after a client has read what was recorded. Rows a second are counted over the whole time that a server was at work. Memory is what the process holds beside files that it maps (`RssAnon` of Linux), looked at ten times a second.';

const graph: Graph = {
  facewright: 1,
  name: 'hand on',
  description: '',
  groups: [],
  nodes: {
    source: { type: 'test/source', version: 1, values: {} },
    show: { type: 'test/show', version: 1, values: {} },
  },
  links: [{ from: ['source', 'value'], to: ['show', 'value'] }],
};

/** Only on Linux. */
export async function measureBatch(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-batch-'));
  const data = join(folder, 'data');
  let server = await serve(data);
  const most = { host: 0, worker: 0 };
  let atStart = 0;
  const watch = setInterval(() => {
    most.host = Math.max(most.host, heldMemory(server.pid));
    for (const pid of server.workers()) most.worker = Math.max(most.worker, heldMemory(pid));
  }, 100);
  try {
    await sleep(1000);
    atStart = heldMemory(server.pid);
    const csv = `source.value,who\n${Array.from({ length: ROWS }, (_, i) => `${i},name ${i}`).join('\n')}\n`;
    const form = new FormData();
    form.set('file', new Blob([csv], { type: 'text/csv' }), 'rows.csv');
    const uploaded = (await (await fetch(`${server.url}/api/v1/assets`, { method: 'POST', body: form })).json()) as {
      readonly asset: Asset;
    };
    const begun = performance.now();
    const { batch } = await server.post<{ batch: BatchDetails }>('/batches', {
      graph,
      data: { asset: uploaded.asset.id, name: 'rows.csv' },
    });
    const submitSeconds = (performance.now() - begun) / 1000;
    const reach = async (running: ServerUnderTest, rows: number) => {
      const from = performance.now();
      while ((await batchOf(running, batch.id)).done < rows) await sleep(100);
      return (performance.now() - from) / 1000;
    };
    let seconds = await reach(server, ROWS / 2);
    const seen: Seen = new Map();
    await look(server, batch.id, seen);
    for (const pid of server.workers()) process.kill(pid, 'SIGKILL');
    await server.end('SIGKILL');
    const resumed = performance.now();
    server = await serve(data);
    seconds += await reach(server, ROWS);
    const resumeSeconds = (performance.now() - resumed) / 1000;
    const verdict = await judgeBatch(server, batch.id, seen);
    await server.end('SIGTERM');
    return [
      { name: 'rows', value: ROWS, unit: '' },
      { name: 'submitting', value: submitSeconds, unit: 's', most: 2 },
      { name: 'time per row', value: (1000 * seconds) / ROWS, unit: 'ms', most: 1 },
      { name: 'rows a second', value: ROWS / seconds, unit: '' },
      { name: 'from the start after the kill to the end', value: resumeSeconds, unit: 's' },
      { name: 'rows seen as recorded before the kill', value: seen.size, unit: '' },
      { name: 'of them lost or changed', value: verdict.lost, unit: '', most: 0 },
      { name: 'rows done twice in the ledger', value: verdict.twice, unit: '', most: 0 },
      { name: 'rows that did not finish', value: verdict.missing, unit: '', most: 0 },
      { name: 'host at the start', value: atStart, unit: 'MB' },
      { name: 'host at the most', value: most.host, unit: 'MB' },
      { name: 'worker at the most', value: most.worker, unit: 'MB' },
    ];
  } finally {
    clearInterval(watch);
    await server.end('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
