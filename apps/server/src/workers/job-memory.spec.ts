import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCatalogue, defineNode, nodePackage, port, type Graph } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { createJobMemory, type JobMemory } from './job-memory.ts';

const MB = 2 ** 20;
const draw = defineNode({
  type: 'test/draw',
  version: 1,
  title: 'Draw',
  summary: 'Draws.',
  category: 'Test',
  effects: 'none',
  output: true,
  inputs: {
    model: port.path({ of: 'file', models: 'checkpoints' }),
    text: port.text(),
    seed: port.seed(),
    size: port.integer({ min: 1, max: 9999, default: 512 }),
  },
  outputs: { size: port.integer({ min: 1, max: 9999 }) },
});
const catalogue = createCatalogue([nodePackage(draw, async () => ({ run: async ({ size }) => ({ size }) }))]);

let folder: string, data: DataFolder, memory: JobMemory;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'job-memory-spec-'));
  data = openDataFolder(join(folder, 'data'));
  memory = createJobMemory(data.database, catalogue, data.files);
  writeFileSync(join(folder, 'model.safetensors'), Buffer.alloc(3 * MB));
});
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
const graph = (values: Record<string, unknown>, type = 'test/draw'): Graph => ({
  facewright: 1,
  name: 'drawing',
  description: '',
  groups: [],
  links: [],
  nodes: { draw: { type, version: 1, values } },
});

describe('what a job needs of memory', () => {
  it('is nothing that is known, or what its models take on disk, before it has run', async () => {
    const model = join(folder, 'model.safetensors');
    expect(await memory.needOf(graph({ size: 1 }))).toBeNull();
    expect(await memory.needOf(graph({ size: 1, model: join(folder, 'none') }))).toBeNull();
    const need = { bytes: 3 * MB, basis: 'the models that it names take 3 MB' };
    expect(await memory.needOf(graph({ size: 1, model }))).toEqual(need);
    const inside: Graph = {
      ...graph({}, 'subgraph/inner'),
      subgraphs: { inner: { title: '', description: '', inputs: {}, outputs: {}, groups: [], links: [], nodes: graph({ model }).nodes } },
    };
    expect(await memory.needOf(inside)).toEqual(need);
  });
  it('is the most that it took lately, whatever its seed and texts', async () => {
    memory.learn(graph({ size: 512, seed: 1, text: 'a cat' }), 100 * MB);
    memory.learn(graph({ size: 512, seed: 2, text: 'a dog' }), 200 * MB);
    const need = () => memory.needOf(graph({ size: 512, seed: 3, text: 'a face' }));
    expect(await need()).toEqual({ bytes: 200 * MB, basis: 'it took 200 MB before' });
    expect(await memory.needOf(graph({ size: 1024, seed: 1, text: 'a cat' }))).toBeNull();
    for (let i = 0; i < 5; i++) memory.learn(graph({ size: 512 }), 50 * MB);
    expect(await need()).toMatchObject({ bytes: 50 * MB });
  });
  it('is forgotten rather than that a job fails for it', () => {
    const other = openDataFolder(join(folder, 'closed'));
    const closed = createJobMemory(other.database, catalogue, other.files);
    other.close();
    expect(() => closed.learn(graph({}), MB)).not.toThrow();
  });
});
