import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Asset, Graph } from '@facewright/core';
import { float32 } from '@facewright/tensor';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTestServer } from '../fixtures/test-server.ts';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { lockDataFolder } from '../data/data-lock.ts';
import { createGraphFiles } from '../files/graph-files.ts';
import { createRunStore } from '../queue/run-store.ts';
import { backUp } from './backup.ts';
import { collectGarbage } from './collect-garbage.ts';
import { examine } from './doctor.ts';
import { checkBackup, restore } from './restore.ts';

const graph: Graph = { facewright: 1, name: 'g', description: '', nodes: {}, links: [], groups: [] };
let root: string, folder: string, backup: string, again: string, data: DataFolder, asset: Asset;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'backup-spec-'));
  [folder, backup, again] = ['data', 'backup', 'again'].map((name) => join(root, name)) as [string, string, string];
  data = openDataFolder(folder);
  asset = await data.assets.write(new TextEncoder().encode('a picture'), 'image/png');
  const runs = createRunStore(data.database);
  runs.create('r', { graph });
  runs.append('r', { type: 'node_finished', node: 'a', outputs: { asset }, seconds: 1 });
  await data.cache.set('key', { parts: { type: 't', version: 1, inputs: {} }, outputs: { asset }, seconds: 1 });
  await data.checkpoints.save({ family: 'fa', own: 'o' }, { data: { at: 1 }, tensors: { w: float32([1], [1]) } });
  await createGraphFiles(join(folder, 'graphs')).put('mine', graph);
  mkdirSync(join(folder, 'runs', 'r'), { recursive: true });
  writeFileSync(join(folder, 'runs', 'r', 'out.txt'), 'an output');
});
afterEach(() => {
  data.close();
  rmSync(root, { recursive: true, force: true, maxRetries: 5 });
});
const code = (name: string) => expect.objectContaining({ code: name });
const stateOf = (place: string) => readdirSync(place).filter((name) => name.startsWith('state-'));

describe('a backup', () => {
  it('restores everything, and the doctor finds nothing wrong', async () => {
    expect(await backUp(data, backup)).toMatchObject({ files: 6, kept: 0, damaged: [] });
    expect(await checkBackup(backup)).toMatchObject({ files: 6 });
    expect(await restore(backup, again)).toMatchObject({ files: 6, moved: null });
    expect(await examine(again)).toEqual([]);
    const other = openDataFolder(again);
    expect(createRunStore(other.database).events('r', 0)).toEqual(createRunStore(data.database).events('r', 0));
    expect(new TextDecoder().decode(await other.assets.read(asset.id))).toBe('a picture');
    expect(await other.cache.get('key')).toEqual(await data.cache.get('key'));
    expect(await other.checkpoints.load({ family: 'fa', own: 'o' })).toMatchObject({ data: { at: 1 } });
    expect(await createGraphFiles(join(again, 'graphs')).get('mine')).toEqual(graph);
    expect(readFileSync(join(again, 'runs', 'r', 'out.txt'), 'utf8')).toBe('an output');
    other.close();
  });
  it('into the same folder copies only what is new, and drops what is gone', async () => {
    await backUp(data, backup);
    const place = join(backup, 'assets', asset.id.slice(7, 9), `${asset.id.slice(7)}.png`);
    const before = statSync(place).ino;
    const old = await data.assets.write(new TextEncoder().encode('of no use'), 'text/plain');
    await backUp(data, backup);
    utimesSync((await data.assets.find(old.id))!.path, 1, 1);
    await collectGarbage(data);
    await createGraphFiles(join(folder, 'graphs')).remove('mine');
    expect(await backUp(data, backup)).toMatchObject({ files: 5, kept: 1 });
    expect(statSync(place).ino).toBe(before);
    expect(existsSync(join(backup, 'assets', old.id.slice(7, 9), `${old.id.slice(7)}.txt`))).toBe(false);
    expect(stateOf(backup)).toHaveLength(1);
    expect(await checkBackup(backup)).toMatchObject({ files: 5 });
  });
  it('that is cut off leaves the one before it whole, and is finished by the next', async () => {
    await backUp(data, backup);
    const cut = { ...data, results: undefined as unknown as DataFolder['results'] };
    await expect(backUp(cut, backup)).rejects.toThrow();
    expect(await checkBackup(backup)).toMatchObject({ files: 6 });
    mkdirSync(join(backup, 'state-cut-off'));
    await backUp(data, backup);
    expect(stateOf(backup)).toHaveLength(1);
    expect(data.leases.atWork()).toEqual([]);
  });
  it('that was cut off before it was ever whole says so, and is finished by the next', async () => {
    await expect(backUp({ ...data, results: undefined as unknown as DataFolder['results'] }, backup)).rejects.toThrow();
    await expect(restore(backup, again)).rejects.toEqual(code('SERVER_BACKUP_DAMAGED'));
    await backUp(data, backup);
    expect(await restore(backup, again)).toMatchObject({ files: 6 });
  });
  it('leaves out an asset that is damaged, and names it', async () => {
    writeFileSync((await data.assets.find(asset.id))!.path, 'a pictura');
    const { damaged } = await backUp(data, backup);
    expect(damaged).toEqual([expect.stringContaining(asset.id.slice(7))]);
    await restore(backup, again);
    await examine(again, { repair: true });
    expect(await examine(again)).toEqual([]);
  });
  it('goes into no folder with other files, nor into the data folder', async () => {
    mkdirSync(backup);
    writeFileSync(join(backup, 'notes.txt'), '');
    await expect(backUp(data, backup)).rejects.toEqual(code('SERVER_BACKUP_PLACE'));
    await expect(backUp(data, join(folder, 'backup'))).rejects.toEqual(code('SERVER_BACKUP_PLACE'));
    await expect(backUp(data, folder)).rejects.toEqual(code('SERVER_BACKUP_PLACE'));
  });
});

describe('restoring', () => {
  it('refuses a folder with files, or moves it aside when told, but not from under a server', async () => {
    await backUp(data, backup);
    mkdirSync(again);
    expect(await restore(backup, again)).toMatchObject({ moved: null });
    writeFileSync(join(again, 'mine.txt'), 'mine');
    await expect(restore(backup, again)).rejects.toEqual(code('SERVER_RESTORE_PLACE'));
    const unlock = lockDataFolder(again);
    await expect(restore(backup, again, { replace: true })).rejects.toEqual(code('SERVER_DATA_IN_USE'));
    unlock();
    const { moved } = await restore(backup, again, { replace: true });
    expect(readFileSync(join(moved!, 'mine.txt'), 'utf8')).toBe('mine');
    expect(await examine(again)).toEqual([]);
  });
  it('names every file that is damaged or missing, and leaves nothing', async () => {
    await backUp(data, backup);
    const [state] = stateOf(backup);
    writeFileSync(join(backup, state!, 'graphs', 'mine.json'), '{}');
    rmSync(join(backup, 'assets'), { recursive: true });
    const wrong = { code: 'SERVER_BACKUP_DAMAGED', message: expect.stringMatching(/graphs\/mine\.json.*assets\//) as unknown };
    await expect(checkBackup(backup)).rejects.toMatchObject(wrong);
    await expect(restore(backup, again)).rejects.toMatchObject(wrong);
    expect(readdirSync(root).sort()).toEqual(['backup', 'data']);
  });
  it('takes no file to a place outside the folder', async () => {
    await backUp(data, backup);
    const file = join(backup, 'backup.json');
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as { state: string; files: Record<string, unknown> };
    writeFileSync(join(root, 'evil'), 'x');
    manifest.files[`${manifest.state}/../../evil`] = {
      bytes: 1,
      sha256: '2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881',
    };
    writeFileSync(file, JSON.stringify(manifest));
    await expect(restore(backup, again)).rejects.toEqual(code('SERVER_BACKUP_DAMAGED'));
  });
  it('refuses a backup of a newer version', async () => {
    await backUp(data, backup);
    const file = join(backup, stateOf(backup)[0]!, 'facewright.sqlite');
    const database = new SQLite(file);
    database.pragma('user_version = 1000');
    database.close();
    const bytes = readFileSync(file);
    const manifest = JSON.parse(readFileSync(join(backup, 'backup.json'), 'utf8')) as { state: string; files: Record<string, unknown> };
    const { createHash } = await import('node:crypto');
    manifest.files[`${manifest.state}/facewright.sqlite`] = {
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    writeFileSync(join(backup, 'backup.json'), JSON.stringify(manifest));
    await expect(restore(backup, again)).rejects.toEqual(code('SERVER_DATA_NEWER'));
    expect(existsSync(again)).toBe(false);
  });
});

describe('a backup while a server works', () => {
  it('is consistent: every run in it has the events that it says, and every asset that they name is there', async () => {
    const server = await startTestServer(folder);
    const submit = (steps: number) =>
      fetch(`${server.url}/api/v1/runs`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({
          graph: {
            ...graph,
            nodes: {
              paint: { type: 'test/paint', version: 1, values: { grey: steps % 256 } },
              count: { type: 'test/count', version: 1, values: { steps: 1, value: steps } },
              show: { type: 'test/show', version: 1, values: {} },
            },
            links: [{ from: ['count', 'value'], to: ['show', 'value'] }],
          },
        }),
      });
    let submitting = true;
    const submitted = (async () => {
      let i = 0;
      while (submitting) {
        expect((await submit(++i)).status).toBe(201);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
      return i;
    })();
    await new Promise((resolve) => setTimeout(resolve, 300));
    for (let i = 0; i < 3; i++) await backUp(data, backup);
    submitting = false;
    expect(await submitted).toBeGreaterThan(3);
    await server.close();
    await restore(backup, again);
    expect(await examine(again)).toEqual([]);
    const other = openDataFolder(again);
    expect(createRunStore(other.database).list(100).length).toBeGreaterThan(1);
    other.close();
  });
});
