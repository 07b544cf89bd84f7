import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assetName, type Asset, type Graph } from '@facewright/core';
import { float32 } from '@facewright/tensor';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { createGraphFiles } from '../files/graph-files.ts';
import { createRunStore } from '../queue/run-store.ts';
import { collectGarbage } from './collect-garbage.ts';
import { measureStorage } from './measure-storage.ts';

let folder: string, data: DataFolder;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'garbage-spec-'));
  data = openDataFolder(folder);
});
afterEach(() => {
  data.close();
  rmSync(folder, { recursive: true });
});

const days = (n: number) => n * 24 * 3600;
/** An asset of so many bytes, written so many days ago. */
async function assetOf(content: string, ago = 2, bytes = 1000): Promise<Asset> {
  const asset = await data.assets.write(new TextEncoder().encode(content.padEnd(bytes)), 'text/plain');
  age((await data.assets.find(asset.id))!.path, ago);
  return asset;
}
const age = (path: string, ago: number) => utimesSync(path, Date.now() / 1000 - days(ago), Date.now() / 1000 - days(ago));
const isThere = async ({ id }: Asset) => (await data.assets.find(id)) !== null;
async function store(key: string, outputs: Readonly<Record<string, unknown>>, usedAgo = 2): Promise<void> {
  await data.cache.set(key, { parts: { type: 't', version: 1, inputs: {} }, outputs, seconds: 1 });
  data.results.prepare('UPDATE results SET used = used - ? WHERE key = ?').run(days(usedAgo), key);
}
const graph = (values: Readonly<Record<string, unknown>> = {}): Graph => ({
  facewright: 1,
  name: 'g',
  description: '',
  groups: [],
  links: [],
  nodes: { a: { type: 't', version: 1, values } },
});
const nothing = { count: 0, bytes: 0 };

describe('what nothing refers to', () => {
  it('is removed a day after it was last written, and amounts are said', async () => {
    const [old, fresh] = [await assetOf('old'), await assetOf('fresh', 0.5)];
    const again = await assetOf('again');
    // Written again: what will refer to it is not stored yet.
    await data.assets.write(new TextEncoder().encode('again'.padEnd(1000)), 'text/plain');
    const planned = await collectGarbage(data, { dryRun: true });
    expect(planned).toMatchObject({ assets: { count: 1, bytes: 1000 }, results: nothing, kept: 2000, over: 0 });
    expect(await isThere(old)).toBe(true);
    expect(await collectGarbage(data)).toEqual(planned);
    expect([await isThere(old), await isThere(fresh), await isThere(again)]).toEqual([false, true, true]);
  });
  it('stays while a run is at work that began before it was written, and no longer', async () => {
    const end = data.leases.begin('run');
    const written = await assetOf('by the run', 0);
    await collectGarbage(data, { graceMs: -60_000 });
    expect(await isThere(written)).toBe(true);
    end();
    await collectGarbage(data, { graceMs: -60_000 });
    expect(await isThere(written)).toBe(false);
  });
  it('is removed when the run that wrote it was killed', async () => {
    const code = `
      import { createWorkLeases } from ${JSON.stringify(import.meta.resolve('./work-leases.ts'))};
      createWorkLeases(${JSON.stringify(folder)}).begin('run');
      process.kill(process.pid, 'SIGKILL');`;
    spawnSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' });
    expect(readdirSync(join(folder, 'work'))).toHaveLength(1);
    expect(data.leases.atWork()).toEqual([]);
    expect(readdirSync(join(folder, 'work'))).toEqual([]);
  });
  it('includes pieces of writing that a crash cut off', async () => {
    const piece = join(folder, 'assets', 'x.part');
    const fresh = join(folder, 'assets', 'y.part');
    mkdirSync(join(folder, 'assets'), { recursive: true });
    for (const file of [piece, fresh]) writeFileSync(file, 'half');
    age(piece, 2);
    expect(await collectGarbage(data)).toMatchObject({ pieces: { count: 1, bytes: 4 } });
    expect([existsSync(piece), existsSync(fresh)]).toEqual([false, true]);
  });
});

describe('what is referred to', () => {
  it('stays: by runs, results, judging tasks, saved graphs and checkpoints', async () => {
    const [mask, output, result, judged, saved, checkpoint] = await Promise.all(
      ['mask', 'output', 'result', 'judged', 'saved', 'checkpoint'].map((name) => assetOf(name)),
    );
    const runs = createRunStore(data.database);
    runs.create('r', { graph: graph({ mask: assetName(mask!) }) });
    runs.append('r', { type: 'node_finished', node: 'a', outputs: { list: [{ asset: output }] }, seconds: 1 });
    await store('k', { asset: result });
    const image = { asset: judged!, width: 1, height: 1, key: 'k', caption: '' };
    data.judging.publish({
      name: 'faces',
      question: '?',
      labels: ['x', 'y'],
      seed: 1,
      showCaptions: true,
      sets: [{ key: 'k', caption: '', images: [image, image] }],
    });
    await createGraphFiles(join(folder, 'graphs')).put('g', graph({ mask: assetName(saved!) }));
    await data.checkpoints.save({ family: 'f', own: 'o' }, { data: { asset: checkpoint }, tensors: { w: float32([1], [1]) } });
    expect(await collectGarbage(data)).toMatchObject({ assets: nothing, kept: expect.any(Number) as number });
    for (const asset of [mask, output, result, judged, saved, checkpoint]) expect(await isThere(asset!)).toBe(true);
    // When who refers to it goes, it goes.
    runs.append('r', { type: 'run_cancelled' });
    runs.remove('r');
    data.judging.remove('faces');
    await createGraphFiles(join(folder, 'graphs')).remove('g');
    await data.checkpoints.remove({ family: 'f', own: 'o' });
    expect(await collectGarbage(data)).toMatchObject({ assets: { count: 5, bytes: 5000 } });
    expect(await isThere(result!)).toBe(true);
  });
  it('stays when it is referred to while garbage is being collected', async () => {
    const asset = await assetOf('late');
    const runs = createRunStore(data.database);
    const collecting = collectGarbage(data);
    // Before the first file has been looked at, or after: it is there when it has to be.
    runs.create('late', { graph: graph({ mask: assetName(asset) }) });
    await collecting;
    expect(await isThere(asset)).toBe(true);
  });
  it('stays when it was planned to be removed and is written again before its turn', async () => {
    const asset = await assetOf('doomed');
    const stop = { ...data, leases: { ...data.leases, atWork: () => (void touchOnce(), data.leases.atWork()) } };
    let calls = 0;
    const path = (await data.assets.find(asset.id))!.path;
    // The second look is the one before files are removed.
    const touchOnce = () => ++calls === 2 && utimesSync(path, new Date(), new Date());
    expect(await collectGarbage(stop)).toMatchObject({ assets: { count: 1 } });
    expect(await isThere(asset)).toBe(true);
  });
});

describe('a limit', () => {
  it('drops the results that were used longest ago with what only they need, then checkpoints, and says what is above it', async () => {
    const [first, second, shared] = [await assetOf('first'), await assetOf('second'), await assetOf('shared')];
    await store('1', { asset: first, shared }, 3);
    await store('2', { asset: second, shared }, 2);
    const runs = createRunStore(data.database);
    runs.create('r', { graph: graph({ mask: assetName(second) }) });
    const { kept } = await collectGarbage(data, { dryRun: true });
    expect(await collectGarbage(data, { keep: kept })).toMatchObject({ results: nothing, assets: nothing });
    expect(await collectGarbage(data, { keep: kept - 500 })).toMatchObject({
      results: { count: 1 },
      assets: { count: 1, bytes: 1000 },
      over: 0,
    });
    expect([await data.cache.get('1'), await isThere(first), await isThere(shared)]).toEqual([null, false, true]);
    expect(await data.cache.get('2')).not.toBeNull();
    await data.checkpoints.save({ family: 'fa', own: 'o' }, { data: {} });
    const checkpoint = join(folder, 'checkpoints', 'fa', 'fa', 'o.safetensors');
    expect(await collectGarbage(data, { keep: 0 })).toMatchObject({ results: { count: 1 }, assets: { count: 1 }, checkpoints: nothing });
    age(checkpoint, 2);
    expect(await collectGarbage(data, { keep: 0 })).toMatchObject({ checkpoints: { count: 1 }, kept: 1000, over: 1000 });
    expect([await isThere(second), existsSync(checkpoint)]).toEqual([true, false]);
  });
  it('spares what a run at work may have found stored', async () => {
    await store('recent', {}, 0);
    await store('old', {}, 2);
    const end = data.leases.begin('run');
    expect(await collectGarbage(data, { keep: 0 })).toMatchObject({ results: { count: 1 } });
    expect(await data.cache.get('recent')).not.toBeNull();
    end();
  });
  it('gives the room of many results back to the disk', async () => {
    for (let i = 0; i < 500; i++)
      await data.cache.set(String(i), { parts: { type: 't', version: 1, inputs: {} }, outputs: { text: 'x'.repeat(2000) }, seconds: 0 });
    data.flush();
    const before = (await measureStorage(data)).databases;
    await collectGarbage(data, { keep: 0 });
    expect((await measureStorage(data)).databases).toBeLessThan(before - 500_000);
  });
});

describe('a backup at work', () => {
  it('keeps everything until it has ended', async () => {
    const asset = await assetOf('old');
    const end = data.leases.begin('backup');
    await expect(collectGarbage(data)).rejects.toMatchObject({ code: 'SERVER_BACKUP_AT_WORK' });
    expect(await isThere(asset)).toBe(true);
    end();
    await collectGarbage(data);
    expect(await isThere(asset)).toBe(false);
  });
});

describe('the room that is taken', () => {
  it('is counted by what it is for', async () => {
    const asset = await assetOf('x');
    await assetOf('unused', 2, 500);
    await store('k', { asset });
    mkdirSync(join(folder, 'runs', 'r'), { recursive: true });
    writeFileSync(join(folder, 'runs', 'r', 'a.png'), 'png');
    expect(await measureStorage(data)).toMatchObject({
      assets: { count: 2, bytes: 1500 },
      results: { count: 1 },
      checkpoints: nothing,
      runs: { count: 0, bytes: 3 },
      quarantine: nothing,
      removable: { count: 1, bytes: 500 },
      keep: null,
    });
  });
});
