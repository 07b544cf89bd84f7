// Runs a template in this process, as the worker does, with a data folder of its own.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseGraphText, type Asset, type Catalogue, type Graph, type NodeOutputs, type RunEventBody } from '@facewright/core';
import { executeRun } from '@facewright/engine';
import { createRuntime } from '@facewright/runtime';
import { createLocalHost, decodePicture, loadNodes, openDataFolder } from '@facewright/server';
import type { ImageBuffer } from '@facewright/tensor';

export interface TemplateRun {
  readonly events: readonly RunEventBody[];
  /** Of every node that ran or was stored. */
  readonly outputs: Readonly<Record<string, NodeOutputs>>;
  readonly terminal: RunEventBody;
}

export interface TemplateRunner {
  readonly graph: Graph;
  readonly catalogue: Catalogue;
  /** Values by node and input replace those of the template. The run is cancelled at the first event that `until` is true of. */
  run(
    settings?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
    until?: (event: RunEventBody) => boolean,
  ): Promise<TemplateRun>;
  read(asset: Asset): Promise<Uint8Array>;
  picture(asset: Asset): Promise<ImageBuffer>;
  /** A file that a node of the last run wrote. */
  written(name: string): string;
  writtenBytes(name: string): Uint8Array;
  close(): Promise<void>;
}

export async function openTemplate(name: string): Promise<TemplateRunner> {
  const { graph, problems } = parseGraphText(readFileSync(join(import.meta.dirname, `${name}.json`), 'utf8'));
  if (!graph) throw new Error(problems.map(({ message }) => message).join('\n'));
  const folder = mkdtempSync(join(tmpdir(), 'facewright-template-'));
  const data = openDataFolder(folder);
  const runtime = await createRuntime({ provider: 'cpu', linkFolder: data.linkFolder });
  const catalogue = await loadNodes();
  const outputFolder = data.outputFolder('spec');
  return {
    graph,
    catalogue,
    async run(settings = {}, until = () => false) {
      const nodes = Object.fromEntries(
        Object.entries(graph.nodes).map(([id, node]) => [id, { ...node, values: { ...node.values, ...settings[id] } }]),
      );
      const cancel = new AbortController();
      const events: RunEventBody[] = [];
      const outputs: Record<string, NodeOutputs> = {};
      const terminal = await executeRun({
        graph: { ...graph, nodes },
        catalogue,
        cache: data.cache,
        history: data.history,
        host: createLocalHost({ data, runtime, outputFolder }),
        provider: runtime.provider,
        signal: cancel.signal,
        emit(event) {
          events.push(event);
          if (until(event)) cancel.abort();
          if (event.type === 'node_finished' || event.type === 'node_cached') outputs[event.node] = event.outputs;
        },
      });
      return { events, outputs, terminal };
    },
    read: ({ id }) => data.assets.read(id),
    picture: async ({ id }) => decodePicture(await data.assets.read(id), id),
    written: (file) => readFileSync(join(outputFolder, file), 'utf8'),
    writtenBytes: (file) => new Uint8Array(readFileSync(join(outputFolder, file))),
    async close() {
      await runtime.dispose();
      data.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
