// Stable Diffusion by Facewright outside a server: the loaders and the opened model that nodes use, on the host that runs use.
import { join } from 'node:path';
import type { Model, NodeContext, NodePackage } from '@facewright/core';
import { nodes } from '@facewright/node-loader';
import { openDiffusion, type DiffusionModel } from '@facewright/pipelines';
import { createRuntime, type ProviderChoice, type Runtime } from '@facewright/runtime';
import { createLocalHost, openDataFolder } from '@facewright/server';
import { createRng, float32, sizeOf, type Session, type Shape } from '@facewright/tensor';

export interface Studio {
  readonly runtime: Runtime;
  readonly ctx: NodeContext;
  /** Opens models only: sessions are those of `ctx`, but what they give is zeros. */
  readonly dry: NodeContext;
  /** Runs a loader node. */
  load(type: string, inputs: Readonly<Record<string, unknown>>): Promise<Model<'diffusion'>>;
  close(): Promise<void>;
}

const neverRun = ({ inputs, outputs }: Session): Session => ({
  inputs,
  outputs,
  run: async () =>
    Object.fromEntries(outputs.map(({ name, shape }) => [name, float32(shape as Shape, new Float32Array(sizeOf(shape as Shape)))])),
  readState: async () => ({}),
  release: async () => {},
});

/** `folder` takes the data that a server keeps. */
export async function openStudio(folder: string, provider: ProviderChoice): Promise<Studio> {
  const data = openDataFolder(folder);
  const runtime = await createRuntime({ provider, linkFolder: data.linkFolder });
  const host = createLocalHost({ data, runtime, outputFolder: join(folder, 'out') });
  // the code of a node loads when it first runs: here before any clock does
  const loaders = new Map<string, Awaited<ReturnType<NodePackage['load']>>>(
    await Promise.all(nodes.map(async ({ definition, load }) => [definition.type, await load()] as const)),
  );
  const { signal } = new AbortController();
  const { close, ...io } = host.openNode('bench', signal);
  const ctx: NodeContext = {
    node: 'bench',
    graph: { facewright: 1, name: 'bench', description: '', nodes: {}, links: [], groups: [] },
    signal,
    provider: runtime.provider,
    rng: createRng,
    progress: () => {},
    metric: () => {},
    log: (level, message) => console.error(`${level}: ${message}`),
    gate: async () => 'go',
    checkpoint: { load: async () => null, related: async () => null, save: async () => {} },
    unfinished: () => {},
    expand: () => Promise.reject(new Error('the bench runs no graph')),
    ...io,
  };
  return {
    runtime,
    ctx,
    dry: { ...ctx, session: async (key, build, options) => neverRun(await ctx.session(key, build, options)) },
    load: async (type, inputs) => ((await loaders.get(type)!.run(inputs, ctx)) as { readonly model: Model<'diffusion'> }).model,
    async close() {
      await close();
      await runtime.dispose();
      data.close();
    },
  };
}

/** A model as the sampler opens it for one guided picture. */
export const openModel = (handle: Model<'diffusion'>, ctx: NodeContext): Promise<DiffusionModel> =>
  openDiffusion(handle, ctx, { batch: 2 });
