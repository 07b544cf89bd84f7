// The loop template through the command line: from an empty cache, then again unchanged.
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { parseGraphText, type Graph, type RunEventBody } from '@facewright/core';
import { loadNodes } from '@facewright/server';
import { watchMemory } from './process-memory.ts';
import type { Measurement } from './report.ts';

const ROOT = join(import.meta.dirname, '../..');
const TEMPLATE = join(ROOT, 'templates/face-quality-loop.json');
const GB = 1e9;

export const aboutLoop =
  '`facewright run templates/face-quality-loop.json --provider cpu --json` with an empty data folder, then the same command once more. Seconds are those of the whole process. Memory is the peak of the process and all its children. The slowest nodes of the first run are listed; a node that writes files runs every time and does not count as computed again.';

interface MeasuredRun {
  readonly seconds: number;
  readonly peakBytes: number | null;
  readonly events: readonly RunEventBody[];
}

async function runGraph(graph: string, folder: string): Promise<MeasuredRun> {
  const begun = performance.now();
  const cli = join(ROOT, 'apps/cli/bin/facewright.mjs');
  const child = spawn(
    process.execPath,
    [cli, 'run', graph, '--provider', 'cpu', '--json', '--data', join(folder, 'data'), '--out', join(folder, 'out')],
    { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const memory = watchMemory(child.pid!);
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const complaints = text(child.stderr);
  const events: RunEventBody[] = [];
  for await (const line of createInterface({ input: child.stdout })) events.push(JSON.parse(line) as RunEventBody);
  const code = await ended;
  const peakBytes = memory.stop()?.peak ?? null;
  if (code !== 0)
    throw new Error(
      `run of ${graph}: expected it to succeed, got exit code ${code}: ${JSON.stringify(events.at(-1))}\n${await complaints}`,
    );
  return { seconds: (performance.now() - begun) / 1000, peakBytes, events };
}

/** Nodes that computed although they have no effects that they would have to repeat. */
export const recomputed = (events: readonly RunEventBody[], writes: (node: string) => boolean): string[] =>
  events.flatMap((event) => (event.type === 'node_finished' && !writes(event.node) ? [event.node] : []));

const slowest = (events: readonly RunEventBody[], count: number): Measurement[] =>
  events
    .flatMap((event) => (event.type === 'node_finished' ? [event] : []))
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ node, seconds }) => ({ name: `of it, node ${node}`, value: seconds, unit: 's' }));

async function readGraph(path: string): Promise<Graph> {
  const { graph, problems } = parseGraphText(await readFile(path, 'utf8'));
  if (!graph) throw new Error(`${path}: expected a graph, got ${problems.map(({ message }) => message).join('; ')}`);
  return graph;
}

/** Throws when a run does not succeed. */
export async function measureLoop({ template = TEMPLATE }: { readonly template?: string } = {}): Promise<Measurement[]> {
  const graph = await readGraph(template);
  const nodes = await loadNodes();
  const writes = (node: string): boolean => nodes.get(graph.nodes[node]!.type)?.definition.effects === 'writes';
  const folder = await mkdtemp(join(tmpdir(), 'facewright-bench-'));
  try {
    const first = await runGraph(template, folder);
    const again = await runGraph(template, folder);
    if (first.peakBytes === null) console.warn('SKIPPED: peak memory is read from /proc, which this system does not have');
    const repeated = recomputed(again.events, writes);
    if (repeated.length > 0) console.warn(`computed again: ${repeated.join(', ')}`);
    return [
      { name: 'run from an empty cache', value: first.seconds, unit: 's', most: 360 },
      ...slowest(first.events, 5),
      ...(first.peakBytes === null ? [] : [{ name: 'peak resident memory', value: first.peakBytes / GB, unit: 'GB', most: 2 }]),
      { name: 'run again, unchanged', value: again.seconds, unit: 's', most: 2 },
      { name: 'nodes computed again', value: repeated.length, unit: '', most: 0 },
      { name: 'nodes taken from the store', value: again.events.filter(({ type }) => type === 'node_cached').length, unit: '' },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
