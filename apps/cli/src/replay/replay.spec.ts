import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseRunLock, type Catalogue, type Graph, type RunEvent, type RunLock } from '@facewright/core';
import { createRuntime, type Runtime } from '@facewright/runtime';
import { loadNodes, lockRun, openDataFolder, PROJECT_FOLDER, type DataFolder } from '@facewright/server';
import { createLocalHost } from '@facewright/server';
import { compareLocks, executeRun, type Difference } from '@facewright/engine';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outputLine, readLock } from './commands.ts';
import { compareOutputs } from './compare-outputs.ts';
import { replayRun } from './replay-run.ts';
import { verifyLock } from './verify-lock.ts';

/** The template that draws, with a model folder of its own and a picture that it reads. */
const template = (): Graph => {
  const graph = JSON.parse(readFileSync(join(PROJECT_FOLDER, 'templates/txt2img.json'), 'utf8')) as Graph;
  graph.nodes['diffusion']!.values['path'] = join(folder, 'model');
  graph.nodes['prompts']!.values['text'] = 'a smiling woman';
  graph.nodes['sampler']!.values['steps'] = 3;
  graph.nodes['photo'] = { type: 'facewright/load-image', version: 1, values: { path: join(folder, 'photo.png') } };
  graph.nodes['seen'] = { type: 'facewright/preview', version: 1, values: {} };
  graph.links.push({ from: ['photo', 'images'], to: ['seen', 'images'] });
  return graph;
};

let folder: string, data: DataFolder, catalogue: Catalogue, runtime: Runtime, lock: RunLock;
const quiet = () => {};
const here = () => ({ provider: runtime.provider as string, description: runtime.description });
const decisive = (differences: readonly Difference[]) =>
  differences.filter(({ decides }) => decides).map(({ factor, message }) => [factor, message]);

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'replay-spec-'));
  cpSync(join(PROJECT_FOLDER, 'models/tiny-faces'), join(folder, 'model'), { recursive: true });
  cpSync(join(PROJECT_FOLDER, 'templates/txt2img.png'), join(folder, 'photo.png'));
  data = openDataFolder(join(folder, 'data'));
  catalogue = await loadNodes();
  runtime = await createRuntime({ provider: 'cpu', linkFolder: data.linkFolder });
  const events: RunEvent[] = [];
  const graph = template();
  await executeRun({
    graph,
    catalogue,
    cache: data.cache,
    history: data.history,
    host: createLocalHost({ data, runtime, outputFolder: join(folder, 'out') }),
    provider: runtime.provider,
    signal: new AbortController().signal,
    emit: (body) => events.push({ ...body, run: 'r', seq: events.length + 1, time: new Date().toISOString() }),
  });
  expect(events.at(-1)).toMatchObject({ type: 'run_succeeded' });
  lock = await lockRun({ run: 'r', graph, events, catalogue, data, deviceOf: () => runtime.description });
}, 60_000);
afterAll(async () => {
  await runtime.dispose();
  data.close();
  rmSync(folder, { recursive: true });
});
const replay = (changed: RunLock, fresh = true) =>
  replayRun({
    lock: changed,
    catalogue,
    data,
    runtime,
    fresh,
    out: join(folder, 'out'),
    show: quiet,
    signal: new AbortController().signal,
  });

describe('a lock', () => {
  it('holds the graph, node versions, seeds, digests of files and outputs, and survives being written and read', async () => {
    expect(lock).toMatchObject({
      provider: 'cpu',
      onnxruntime: expect.stringMatching(/^\d+\./) as string,
      seeds: { 'sampler.seed': expect.any(Number) as number },
    });
    expect(lock.nodes['sampler']).toMatchObject({ type: 'facewright/sampler', key: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    const model = lock.files[join(folder, 'model')]!;
    expect(model.model).toBe(true);
    expect(Object.keys(model.files!)).toContainEqual(expect.stringMatching(/unet.*\.safetensors$/));
    expect(lock.files[join(folder, 'photo.png')]).toMatchObject({
      model: false,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    });
    const path = join(folder, 'run.lock.json');
    writeFileSync(path, JSON.stringify(lock));
    expect(await readLock(path)).toEqual(JSON.parse(JSON.stringify(lock)));
  });
  it('that is no lock is refused with everything that is wrong', () => {
    const { problems } = parseRunLock(JSON.stringify({ ...lock, provider: 5, digest: 'x' }));
    expect(problems.map(({ code, message }) => [code, message.split(':')[0]])).toEqual([
      ['CORE_BAD_DOCUMENT', 'lock.provider'],
      ['CORE_BAD_DOCUMENT', 'lock.digest'],
    ]);
    expect(parseRunLock('{').problems).toHaveLength(1);
  });
});

describe('verify', () => {
  const differences = async (changed: RunLock = lock, nodes = catalogue, provider = here()) =>
    decisive((await verifyLock(changed, nodes, data, provider)).differences);
  /** The catalogue with another package of one type. */
  const withNode = (type: string, change: (pack: NonNullable<ReturnType<Catalogue['get']>>) => object): Catalogue => {
    const pack = catalogue.get(type)!;
    return new Map([...catalogue, [type, { ...pack, ...change(pack) }]]) as unknown as Catalogue;
  };
  it('finds nothing on the machine that made the lock, and reads what is stored again', async () => {
    expect(await verifyLock(lock, catalogue, data, here())).toMatchObject({ problems: [], differences: [], notStored: 0, whole: 3 });
  });
  it('names the version of a node, and the code of a plugin', async () => {
    const newer = withNode('facewright/sampler', ({ definition }) => ({
      definition: {
        ...definition,
        version: definition.version + 1,
        migrations: [...(definition.migrations ?? []), { to: definition.version + 1, why: 'test', up: (values: object) => values }],
      },
    }));
    const { version } = catalogue.get('facewright/sampler')!.definition;
    expect(await differences(lock, newer)).toEqual([
      ['node version', `version of node sampler (facewright/sampler): expected ${version}, got ${version + 1}`],
    ]);
    const other = withNode('facewright/sampler', () => ({ codeDigest: 'f'.repeat(64) }));
    expect(await differences(lock, other)).toEqual([
      ['plugin', 'plugin code of node sampler (facewright/sampler): expected none, got SHA-256 ffffffffffffffff…'],
    ]);
  });
  it('says that a node is not installed', async () => {
    const without = new Map([...catalogue].filter(([type]) => type !== 'facewright/sampler')) as Catalogue;
    expect((await verifyLock(lock, without, data, here())).problems.map(({ code, node }) => [code, node])).toContainEqual([
      'CORE_UNKNOWN_NODE_TYPE',
      'sampler',
    ]);
  });
  it('names the provider, and the version of onnxruntime', async () => {
    expect(await differences(lock, catalogue, { provider: 'webgpu', description: 'a GPU' })).toEqual([
      ['provider', 'provider: expected cpu, got webgpu'],
    ]);
    expect(await differences({ ...lock, onnxruntime: '1.2.3' })).toEqual([
      ['onnxruntime', `onnxruntime version: expected 1.2.3, got ${lock.onnxruntime}`],
    ]);
  });
  it('names the seed and other values that the graph has by now', async () => {
    const changed = structuredClone(lock);
    Object.assign(changed.graph.nodes['sampler']!.values, { seed: 7, steps: 4 });
    const found = await differences(changed);
    expect(found).toHaveLength(2);
    expect(found).toContainEqual(['value', 'input steps of node sampler (facewright/sampler): expected 3, got 4']);
    expect(found).toContainEqual([
      'seed',
      expect.stringMatching(/^seed seed of node sampler \(facewright\/sampler\): expected \d+, got 7$/),
    ]);
  });
  it('names the precision', () => {
    const changed = { ...lock, precision: { ...lock.precision, sampler: 'float32' } };
    expect(decisive(compareLocks(changed, { ...lock, precision: { sampler: 'float16' } }))).toEqual([
      ['precision', 'precision of node sampler (facewright/sampler): expected float32, got float16'],
    ]);
  });
  it('tells versions that decide nothing as notes', () => {
    expect(compareLocks({ ...lock, facewright: '0.0.9' }, lock)).toEqual([
      { factor: 'facewright', decides: false, message: `Facewright version: expected 0.0.9, got ${lock.facewright}` },
    ]);
  });
  it('names a file of a model, and an input file, that changed or is gone', async () => {
    const photo = join(folder, 'photo.png');
    const picture = readFileSync(photo);
    const config = join(
      folder,
      'model',
      Object.keys(lock.files[join(folder, 'model')]!.files!).find((name) => name.endsWith('scheduler_config.json'))!,
    );
    const text = readFileSync(config);
    appendFileSync(config, ' ');
    appendFileSync(photo, ' ');
    expect((await differences()).map(([factor, message]) => [factor, message!.replace(/: expected SHA-256 .*/, '')])).toEqual([
      ['input file', `input file ${photo}`],
      ['model file', `model file ${config}`],
    ]);
    rmSync(photo);
    expect((await differences())[0]![1]).toMatch(/^input file .*photo\.png: expected SHA-256 .*, got none$/);
    writeFileSync(config, text);
    writeFileSync(photo, picture);
    expect(await differences()).toEqual([]);
  });
  it('names a stored output whose bytes changed, and counts those that are not here', async () => {
    const other = openDataFolder(join(folder, 'other'));
    expect(await verifyLock(lock, catalogue, other, here())).toMatchObject({ differences: [], notStored: 3, whole: 0 });
    other.close();
    const [image] = lock.outputs['shown']!['images']!.value as { asset: { id: string } }[];
    const { path } = (await data.assets.find(image!.asset.id))!;
    const bytes = readFileSync(path);
    writeFileSync(
      path,
      bytes.map((byte, i) => (i === 100 ? byte ^ 1 : byte)),
    );
    expect((await differences()).map(([factor]) => factor)).toEqual(['output', 'output']);
    writeFileSync(path, bytes);
  });
});
describe('facewright verify', () => {
  it('ends with 0 when nothing that decides differs, and with 4 when something does, also between two locks', () => {
    const [one, other] = [join(folder, 'one.lock.json'), join(folder, 'other.lock.json')];
    writeFileSync(one, JSON.stringify({ ...lock, facewright: '0.0.9' }));
    writeFileSync(other, JSON.stringify({ ...lock, onnxruntime: '1.2.3' }));
    const verify = (...args: string[]) =>
      spawnSync(
        process.execPath,
        [join(PROJECT_FOLDER, 'apps/cli/bin/facewright.mjs'), 'verify', ...args, '--data', join(folder, 'data')],
        {
          encoding: 'utf8',
        },
      );
    const same = verify(one);
    expect(same.stdout).toContain('note    Facewright version: expected 0.0.9');
    expect(same.status).toBe(0);
    const differs = verify(one, '--against', other);
    expect(differs.stdout).toContain(`differs onnxruntime version: expected ${lock.onnxruntime}, got 1.2.3`);
    expect(differs.status).toBe(4);
  });
});

describe('replay', () => {
  it('computes a template again, bit for bit', async () => {
    const { outputs, stored, differences } = await replay(lock);
    expect(stored).toBe(0);
    expect(differences).toEqual([]);
    expect(outputs.map(outputLine)).toEqual([
      'same    shown.images: bit-exact',
      'same    saved.images: bit-exact',
      'same    seen.images: bit-exact',
    ]);
  });
  it('takes stored results when it is not asked to be fresh', async () => {
    const { outputs, stored } = await replay(lock, false);
    expect(stored).toBeGreaterThan(2);
    expect(outputs.every(({ exact }) => exact)).toBe(true);
  });
  it('says by how much pictures differ', async () => {
    const changed = structuredClone(lock);
    changed.graph.nodes['sampler']!.values['seed'] = 7;
    const shown = (await replay(changed)).outputs.find(({ node }) => node === 'shown')!;
    expect(shown.exact).toBe(false);
    expect(shown.psnr).toBeGreaterThan(3);
    expect(shown.psnr).toBeLessThan(30);
    expect(outputLine(shown)).toMatch(/^differs shown\.images: pictures at \d+\.\d dB PSNR or more/);
  });
});

describe('outputs', () => {
  const outputs = (value: unknown): RunLock['outputs'] => ({ n: { out: { digest: '0'.repeat(64), value } } });
  const compared = async (was: unknown, now: unknown) => (await compareOutputs(outputs(was), outputs(now), data.assets))[0]!;
  it('are compared in numbers, in tables of them, and in what else they say', async () => {
    expect(await compared({ rows: [{ score: 1 }, { score: 2 }] }, { rows: [{ score: 1.5 }, { score: 2.25 }] })).toMatchObject({
      exact: false,
      largest: 0.5,
      other: [],
    });
    expect(await compared({ a: 'x', b: [1, 2] }, { a: 'y', b: [1] })).toMatchObject({
      exact: false,
      largest: null,
      other: ['out.a differs', 'out.b: expected 2 items, got 1'],
    });
    const json = await data.assets.write(new TextEncoder().encode('{"fid": 2}'), 'application/json');
    const other = await data.assets.write(new TextEncoder().encode('{"fid": 2.5}'), 'application/json');
    expect(await compared({ json }, { json: other })).toMatchObject({ exact: false, largest: 0.5, other: [] });
  });
});
