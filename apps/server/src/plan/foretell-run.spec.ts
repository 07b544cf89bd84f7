import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Catalogue, type Graph } from '@facewright/core';
import { executeRun } from '@facewright/engine';
import { createRuntime } from '@facewright/runtime';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { testNodes } from '../fixtures/test-server.ts';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { foretellRun } from './foretell-run.ts';
import { loadNodes } from '../load-nodes.ts';
import { createLocalHost } from '../local-host.ts';

let folder: string, data: DataFolder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'foretell-spec-'));
  data = openDataFolder(join(folder, 'data'));
});
afterEach(() => {
  data.close();
  rmSync(folder, { recursive: true });
});
const loadTestNodes = () => loadNodes(testNodes);
const graph = (nodes: Record<string, [type: string, values?: Record<string, unknown>]>, ...links: string[]): Graph => ({
  facewright: 1,
  name: 'foretold',
  description: '',
  groups: [],
  nodes: Object.fromEntries(Object.entries(nodes).map(([id, [type, values = {}]]) => [id, { type, version: 1, values }])),
  links: links
    .map((link) => link.split(' ').map((end) => end.split('.')) as [[string, string], [string, string]])
    .map(([from, to]) => ({ from, to })),
});
const foretell = (document: Graph, catalogue: Catalogue) => foretellRun(data, { graph: document, catalogue, provider: 'null' });
async function run(document: Graph, catalogue: Catalogue, stopAt = Infinity): Promise<void> {
  const runtime = await createRuntime({ provider: 'null' });
  const cancel = new AbortController();
  let steps = 0;
  await executeRun({
    graph: document,
    catalogue,
    cache: data.cache,
    history: data.history,
    host: createLocalHost({ data, runtime, outputFolder: join(folder, 'out') }),
    provider: 'null',
    signal: cancel.signal,
    emit: (event) => {
      if (event.type === 'node_progress' && ++steps >= stopAt) cancel.abort();
    },
  });
  data.flush();
}

describe('a foretold run', () => {
  const counting = (steps: number) =>
    graph(
      { one: ['test/source'], count: ['test/count', { steps }], shown: ['test/show'] },
      'one.value count.value',
      'count.value shown.value',
    );

  it('says of which nodes nothing is known, and after a run how long each takes', async () => {
    const catalogue = await loadTestNodes();
    const before = await foretell(counting(10), catalogue);
    expect(before.plan.map(({ action, forecast }) => [action, forecast])).toEqual([
      ['run', null],
      ['run', null],
      ['run', null],
    ]);
    expect(before.total).toEqual({ seconds: 0, unknown: 3, memory: null });
    await run(counting(10), catalogue);

    const stored = await foretell(counting(10), catalogue);
    expect(stored.plan.map(({ action }) => action)).toEqual(['cached', 'cached', 'cached']);
    expect(stored.total).toEqual({ seconds: 0, unknown: 0, memory: null });

    const longer = await foretell(counting(40), catalogue);
    const count = longer.plan.find(({ node }) => node === 'count')!;
    expect(count).toMatchObject({
      action: 'run',
      reason: 'input steps changed from 10 to 40',
      forecast: { basis: 'other steps', runs: 1 },
    });
    expect(count.forecast!.seconds).toBeGreaterThan(0.35);
    expect(longer.total.unknown).toBe(0);
    expect(longer.total.seconds).toBeGreaterThanOrEqual(count.forecast!.seconds);
  });
  it('says what unfinished work it goes on from', async () => {
    const catalogue = await loadTestNodes();
    const training = graph({ train: ['test/train', { steps: 1000 }], shown: ['test/show'] }, 'train.value shown.value');
    expect((await foretell(training, catalogue)).plan[0]!.resumes).toBeNull();
    await run(training, catalogue, 1);
    const { plan } = await foretell(training, catalogue);
    expect(plan.map(({ node, action }) => [node, action])).toEqual([
      ['train', 'run'],
      ['shown', 'run'],
    ]);
    expect(Date.parse(plan[0]!.resumes!)).toBeLessThanOrEqual(Date.now());
    expect(plan[1]!.resumes).toBeNull();
  });
  it('names files, folders and assets that are missing, by node and port, and problems of the graph', async () => {
    const catalogue = await loadNodes();
    const gone = `asset:sha256:${'a'.repeat(64)}`;
    const there = join(folder, 'there.png');
    writeFileSync(there, '');
    const document = graph(
      {
        lost: ['facewright/load-image', { path: join(folder, 'no.png') }],
        asset: ['facewright/load-image', { path: gone }],
        masked: ['facewright/load-image', { path: there, mask: gone }],
        folder: ['facewright/image-folder', { folder: join(folder, 'none') }],
        p1: ['facewright/preview'],
        p2: ['facewright/preview'],
        p3: ['facewright/preview'],
        p4: ['facewright/preview'],
      },
      'lost.images p1.images',
      'asset.images p2.images',
      'masked.images p3.images',
      'folder.images p4.images',
    );
    const { problems, missing } = await foretell(document, catalogue);
    expect(problems).toEqual([]);
    expect(missing.map(({ code, node, port }) => [code, node, port])).toEqual([
      ['ENGINE_MISSING_FILE', 'lost', 'path'],
      ['ENGINE_MISSING_ASSET', 'asset', 'path'],
      ['ENGINE_MISSING_ASSET', 'masked', 'mask'],
      ['ENGINE_MISSING_FOLDER', 'folder', 'folder'],
    ]);
    const unknown = await foretell(graph({ x: ['other/node'] }), catalogue);
    expect(unknown.plan).toEqual([]);
    expect(unknown.problems.map(({ code }) => code)).toContain('CORE_UNKNOWN_NODE_TYPE');
  });
  it('names the models that are opened, with their sizes and the nodes that open them, before and after the loader has run', async () => {
    const catalogue = await loadNodes();
    const document = (seed: number) =>
      graph(
        {
          model: ['facewright/load-diffusion'],
          prompts: ['facewright/prompts', { text: 'A face.' }],
          draw: ['facewright/sampler', { seed }],
          shown: ['facewright/preview'],
        },
        'model.model draw.model',
        'prompts.prompts draw.prompts',
        'draw.images shown.images',
      );
    const first = await foretell(document(1), catalogue);
    expect(first.problems).toEqual([]);
    expect(first.models).toEqual([
      { name: expect.stringMatching(/models\/tiny-faces$/) as string, bytes: expect.any(Number) as number, nodes: ['model', 'draw'] },
    ]);
    expect(first.models[0]!.bytes).toBeGreaterThan(1e6);
    await run({ ...document(1), nodes: { ...document(1).nodes, shown: { ...document(1).nodes['shown']! } } }, catalogue);
    const second = await foretell(document(2), catalogue);
    expect(second.plan.filter(({ action }) => action === 'run').map(({ node }) => node)).toEqual(['draw', 'shown']);
    expect(second.models.map(({ name }) => name)).toContainEqual(expect.stringMatching(/tiny-faces.*unet.*\.safetensors$/));
    expect(second.models.every(({ bytes, nodes }) => bytes! > 0 && nodes.join() === 'draw')).toBe(true);
  });
});
