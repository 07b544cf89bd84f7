// What the server process keeps of runs that are over, and what its workers grow to: many runs of a small real model, one after the other.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isTerminal, type Graph, type RunEvent, type RunSummary } from '@facewright/core';
import { writeTinyModels } from '@facewright/pipelines/testing';
import type { Measurement } from '../bench/report.ts';
import { heldMemory } from './held-memory.ts';

/** Runs after which code is loaded and compiled and caches are filled. */
const WARM_UP = 100;

export const aboutMemory =
  'Runs of a small diffusion model on the CPU, one after the other over HTTP, each with a seed of its own so that it draws. Memory is what the process holds beside files that it maps (`RssAnon` of Linux), looked at after each run; the growth of the host is the difference between the mean over the 100 runs after the first 100 and the mean over the last 100. A worker is replaced after 500 runs here.';

const graphOf = (models: string, seed: number): Graph => ({
  facewright: 1,
  name: 'memory',
  description: '',
  groups: [],
  nodes: {
    load: { type: 'facewright/load-diffusion', version: 2, values: { path: models } },
    prompts: { type: 'facewright/prompts', version: 1, values: { text: 'a face' } },
    draw: { type: 'facewright/sampler', version: 1, values: { steps: 2, seed } },
    save: { type: 'facewright/save-image', version: 1, values: {} },
  },
  links: [
    { from: ['load', 'model'], to: ['draw', 'model'] },
    { from: ['prompts', 'prompts'], to: ['draw', 'prompts'] },
    { from: ['draw', 'images'], to: ['save', 'images'] },
  ],
});
const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;

const childrenOf = (pid: number) => readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);

/** Only on Linux. `runs`: at least 300. */
export async function measureMemory(runs = 2000): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-memory-'));
  const models = join(folder, 'tiny');
  await writeTinyModels(models);
  const server = spawn(
    'facewright',
    ['serve', '--port', '0', '--provider', 'cpu', '--recycle-after', '500', '--data', join(folder, 'data')],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  );
  const ended = once(server, 'close');
  try {
    let url: string | undefined;
    for await (const line of createInterface({ input: server.stdout })) {
      url = /^Facewright is at (\S+)$/.exec(line)?.[1];
      if (url !== undefined) break;
    }
    if (url === undefined) throw new Error('the server did not start');
    const host: number[] = [];
    const workers = new Map<number, number[]>();
    const begun = performance.now();
    for (let seed = 0; seed < runs; seed++) {
      await runOnce(url, graphOf(models, seed));
      host.push(heldMemory(server.pid!));
      for (const pid of childrenOf(server.pid!)) {
        const memory = heldMemory(pid);
        // One that is just ending holds nothing any more.
        if (memory > 0) workers.set(pid, [...(workers.get(pid) ?? []), memory]);
      }
    }
    const seconds = (performance.now() - begun) / 1000;
    const settled = mean(host.slice(WARM_UP, 2 * WARM_UP));
    const grown = [...workers.values()].filter((memory) => memory.length > WARM_UP).map((memory) => memory.at(-1)! - memory[WARM_UP]!);
    return [
      { name: 'runs', value: runs, unit: '' },
      { name: 'time per run', value: (1000 * seconds) / runs, unit: 'ms' },
      { name: 'host after the first runs', value: settled, unit: 'MB' },
      { name: 'growth of the host', value: mean(host.slice(-WARM_UP)) - settled, unit: 'MB', most: 50 },
      { name: 'host at the most', value: Math.max(...host), unit: 'MB' },
      { name: 'workers', value: workers.size, unit: '' },
      { name: 'a worker at the most', value: Math.max(...[...workers.values()].flat()), unit: 'MB' },
      { name: 'growth of a worker from its 100th to its last run, at the most', value: Math.max(...grown), unit: 'MB' },
    ];
  } finally {
    server.kill('SIGTERM');
    await ended;
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function runOnce(url: string, graph: Graph): Promise<void> {
  const api = `${url}/api/v1/runs`;
  const response = await fetch(api, { method: 'POST', body: JSON.stringify({ graph }), headers: { 'content-type': 'application/json' } });
  const { run } = (await response.json()) as { readonly run: RunSummary };
  let after = 0;
  for (;;) {
    const { events } = (await (await fetch(`${api}/${run.id}/events?after=${after}`)).json()) as { readonly events: readonly RunEvent[] };
    after = events.at(-1)?.seq ?? after;
    const end = events.find(isTerminal);
    if (end && end.type !== 'run_succeeded') throw new Error(`the run ended with ${JSON.stringify(end)}`);
    if (end) return;
    await sleep(10);
  }
}
