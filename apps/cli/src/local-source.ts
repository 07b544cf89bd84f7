// Runs graphs in this process.
import { randomUUID } from 'node:crypto';
import { resolve } from 'node:path';
import type { RunEventBody } from '@facewright/core';
import { executeRun } from '@facewright/engine';
import { createRuntime, type MemoryChoice, type ProviderChoice } from '@facewright/runtime';
import { createLocalHost, loadNodes, lockRun, openDataFolder } from '@facewright/server';
import type { RunSource } from './run-source.ts';

export interface LocalOptions {
  readonly dataFolder: string;
  /** Absolute paths of the models folders. Default: none. */
  readonly models?: readonly string[];
  readonly provider: ProviderChoice;
  readonly memory: MemoryChoice;
  /** Where nodes write files; default: a folder of the run in the data folder. */
  readonly out?: string | undefined;
  /** URL of a module that exports `packages`; default: the built-in nodes. */
  readonly nodes?: string | undefined;
  readonly log: (message: string) => void;
}

/** Throws SERVER_DATA_FOLDER, RUNTIME_NO_WEBGPU, CORE_BAD_CATALOGUE. */
export async function openLocalSource({ dataFolder, models = [], provider, memory, out, nodes, log }: LocalOptions): Promise<RunSource> {
  const catalogue = await loadNodes(nodes);
  const data = openDataFolder(dataFolder, models);
  const runtime = await createRuntime({ provider, memory, linkFolder: data.linkFolder, log });
  const run = randomUUID();
  const outputFolder = resolve(out ?? data.outputFolder(run));
  return {
    definitions: catalogue,
    outputFolder,
    async run(job, emit, signal) {
      let seq = 0;
      const stamp = (event: RunEventBody) => emit({ ...event, run, seq: ++seq, time: new Date().toISOString() });
      stamp({ type: 'run_queued', name: job.graph.name });
      const end = data.leases.begin('run');
      await executeRun({
        ...job,
        catalogue,
        cache: data.cache,
        history: data.history,
        host: createLocalHost({ data, runtime, outputFolder }),
        provider: runtime.provider,
        signal,
        emit: stamp,
      }).finally(end);
    },
    lock: ({ graph, targets }, events) => lockRun({ run, graph, targets, events, catalogue, data, deviceOf: () => runtime.description }),
    read: ({ id }) => data.assets.read(id),
    async close() {
      await runtime.dispose();
      data.close();
    },
  };
}
