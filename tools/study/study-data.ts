// Where the study runs its graphs and keeps what came out: one data folder, results of jobs beside the results of nodes.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Graph, NodeContext, NodeOutputs } from '@facewright/core';
import { executeRun } from '@facewright/engine';
import { createRuntime } from '@facewright/runtime';
import { createLocalHost, loadNodes, openDataFolder, writeWhole } from '@facewright/server';
import { createRng } from '@facewright/tensor';

export interface StudyData {
  /** What graphs and pictures are measured with outside of nodes. */
  readonly context: NodeContext;
  /** Runs what the targets need and has no result. Throws the first problem. */
  run(graph: Graph, targets: readonly string[]): Promise<ReadonlyMap<string, NodeOutputs>>;
  /** The result that was kept under a name for these very parts, or else a new one: what a stopped study goes on from. It is JSON. */
  kept<T>(name: string, parts: unknown, make: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Files that say what the embedded set is to the study; others may come and go beside them. */
const weightFiles = ['vae', 'unet'].map((part) => `${part}/diffusion_pytorch_model.safetensors`).concat('face_score/model.safetensors');

export async function openStudyData(folder: string, model: string, log: (message: string) => void): Promise<StudyData> {
  mkdirSync(join(folder, 'jobs'), { recursive: true });
  const data = openDataFolder(folder);
  const runtime = await createRuntime({ provider: 'cpu', linkFolder: data.linkFolder, log });
  const host = createLocalHost({ data, runtime, outputFolder: data.outputFolder('study') });
  const catalogue = await loadNodes();
  const { signal } = new AbortController();
  const { close, ...io } = host.openNode('study', signal);
  const context: NodeContext = {
    ...io,
    node: 'study',
    graph: { facewright: 1, name: 'study', description: '', nodes: {}, links: [], groups: [] },
    signal,
    provider: runtime.provider,
    progress: () => undefined,
    metric: () => undefined,
    log: (_, message) => log(message),
    rng: createRng,
    // nothing here is paused, stopped or gone on with: what takes long runs as a graph
    gate: () => Promise.resolve('go'),
    checkpoint: { load: () => Promise.resolve(null), related: () => Promise.resolve(null), save: () => Promise.resolve() },
    unfinished: () => undefined,
    expand: () => Promise.reject(new Error('the study runs graphs of its own')),
  };
  const digest = createHash('sha256');
  for (const file of weightFiles) digest.update(await readFile(join(model, file)));
  const weights = digest.digest('hex');
  return {
    context,
    async run(graph, targets) {
      const outputs = new Map<string, NodeOutputs>();
      const end = await executeRun({
        graph,
        targets,
        catalogue,
        cache: data.cache,
        history: data.history,
        host,
        provider: runtime.provider,
        signal,
        emit(event) {
          if (event.type === 'node_finished' || event.type === 'node_cached') outputs.set(event.node, event.outputs);
          if (event.type === 'node_finished' && event.seconds > 5) log(`  ${event.node}: ${event.seconds.toFixed(0)} s`);
        },
      });
      if (end.type === 'run_failed') throw new Error(end.problems.map(({ node, message }) => `${node ?? 'graph'}: ${message}`).join('\n'));
      return outputs;
    },
    async kept<T>(name: string, parts: unknown, make: () => Promise<T>) {
      const key = createHash('sha256')
        .update(JSON.stringify([weights, parts]))
        .digest('hex')
        .slice(0, 16);
      const file = join(folder, 'jobs', `${name}-${key}.json`);
      if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as T;
      const made = await make();
      await writeWhole(file, new TextEncoder().encode(JSON.stringify(made)));
      return made;
    },
    async close() {
      await close();
      await runtime.dispose();
      data.close();
    },
  };
}
