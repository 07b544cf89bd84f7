import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Asset, Graph, RunEventBody, StorageFinding } from '@facewright/core';
import { float32 } from '@facewright/tensor';
import SQLite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { lockDataFolder } from '../data/data-lock.ts';
import { createGraphFiles } from '../files/graph-files.ts';
import { createRunStore } from '../queue/run-store.ts';
import { examine } from './doctor.ts';

const graph: Graph = { facewright: 1, name: 'g', description: '', nodes: {}, links: [], groups: [] };
let folder: string, asset: Asset, other: Asset, assetPath: string;
const at = (...names: string[]) => join(folder, ...names);

/** A folder with two ended runs, a result, a checkpoint, a graph and two assets. */
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'doctor-spec-'));
  const data = openDataFolder(folder);
  asset = await data.assets.write(new TextEncoder().encode('a picture'), 'image/png');
  other = await data.assets.write(new TextEncoder().encode('another'), 'image/png');
  assetPath = (await data.assets.find(asset.id))!.path;
  const runs = createRunStore(data.database);
  for (const id of ['first', 'second']) {
    runs.create(id, { graph });
    const finished: RunEventBody = {
      type: 'node_finished',
      node: 'a',
      outputs: { asset, weights: `sha256:${'0'.repeat(64)}` },
      seconds: 1,
    };
    for (const body of [{ type: 'run_queued', name: 'g' }, finished, { type: 'run_cancelled' }] as RunEventBody[]) runs.append(id, body);
  }
  await data.cache.set('key', { parts: { type: 't', version: 1, inputs: {} }, outputs: { other }, seconds: 1 });
  await data.checkpoints.save({ family: 'fa', own: 'o' }, { data: { at: 1 }, tensors: { w: float32([4], [1, 2, 3, 4]) } });
  await createGraphFiles(at('graphs')).put('mine', graph);
  data.close();
});
afterEach(() => rmSync(folder, { recursive: true }));

const opened = async <T>(work: (data: DataFolder) => T | Promise<T>): Promise<T> => {
  const data = openDataFolder(folder);
  try {
    return await work(data);
  } finally {
    data.close();
  }
};
const rawly = (name: string, sql: string) => {
  const database = new SQLite(at(name));
  database.pragma('foreign_keys = OFF');
  database.exec(sql);
  database.close();
};
const overwrite = (file: string, position: number, bytes: Uint8Array) => {
  const handle = openSync(file, 'r+');
  writeSync(handle, bytes, 0, bytes.length, position);
  closeSync(handle);
};
const quarantined = () => (existsSync(at('quarantine')) ? readdirSync(at('quarantine')).map((name) => name.slice(34)) : []);
const finding = (place: string, problem: string, repaired: unknown = null) =>
  ({ place, problem: expect.stringContaining(problem) as unknown, repaired }) as StorageFinding;
const mended = (place: string, problem: string, how: string) => finding(place, problem, expect.stringContaining(how));

/** One finding, which is mended, and then the folder is healthy. */
async function mends(place: string, problem: string, how: string): Promise<void> {
  expect(await examine(folder)).toEqual([finding(place, problem)]);
  expect(await examine(folder, { repair: true })).toEqual([mended(place, problem, how)]);
  expect(await examine(folder)).toEqual([]);
}

describe('a healthy folder', () => {
  it('has no findings, also while a server works in it', async () => {
    expect(await examine(folder)).toEqual([]);
    const unlock = lockDataFolder(folder);
    expect(await examine(folder)).toEqual([]);
    await expect(examine(folder, { repair: true })).rejects.toMatchObject({ code: 'SERVER_DATA_IN_USE' });
    unlock();
  });
  it('is not one that does not exist, and none is made', async () => {
    await expect(examine(at('elsewhere'))).rejects.toMatchObject({ code: 'SERVER_NO_SUCH' });
    expect(existsSync(at('elsewhere'))).toBe(false);
  });
});

describe('a damaged asset', () => {
  it('is put aside, and what needed it says so', async () => {
    writeFileSync(assetPath, 'a pictura');
    const place = relative(folder, assetPath);
    expect(await examine(folder)).toEqual([finding(place, 'not the one that its name says')]);
    expect(await examine(folder, { repair: true })).toEqual([
      mended(place, 'not the one that its name says', 'quarantine'),
      mended('facewright.sqlite', 'run first refers to 1 assets that are gone', 'noted'),
      mended('facewright.sqlite', 'run second refers to 1 assets that are gone', 'noted'),
    ]);
    expect(quarantined()).toEqual([expect.stringMatching(/\.png$/)]);
    expect(await examine(folder)).toEqual([]);
  });
  it('of a stored result lets the result be computed again', async () => {
    const path = await opened(async ({ assets }) => (await assets.find(other.id))!.path);
    truncateSync(path, 3);
    const both = (repair: boolean) => examine(folder, { repair });
    expect(await both(false)).toEqual([
      finding(relative(folder, path), 'its content'),
      finding('results.sqlite', 'needs assets that are gone'),
    ]);
    expect(await both(true)).toHaveLength(2);
    expect(await both(false)).toEqual([]);
    expect(await opened(({ results }) => results.prepare('SELECT count(*) FROM results').pluck().get())).toBe(0);
  });
  it('does not keep a server from starting, nor runs from being read', async () => {
    writeFileSync(assetPath, '');
    rawly('results.sqlite', `UPDATE results SET body = '{'`);
    await opened(async (data) => {
      expect(createRunStore(data.database).events('first', 0)).toHaveLength(3);
      expect(await data.cache.get('key')).toBeNull();
    });
  });
});

describe('other damage', () => {
  it('of a file that is no asset', async () => {
    writeFileSync(at('assets', 'notes.txt'), 'x');
    await mends('assets/notes.txt', 'no asset', 'quarantine');
    expect(quarantined()).toEqual(['notes.txt']);
  });
  it('of a checkpoint', async () => {
    const file = at('checkpoints', 'fa', 'fa', 'o.safetensors');
    overwrite(file, statSync(file).size - 2, Uint8Array.of(9, 9));
    await mends(relative(folder, file), 'another digest', 'quarantine');
  });
  it('of a saved graph', async () => {
    writeFileSync(at('graphs', 'mine.json'), '{"facewright": 1,');
    await mends('graphs/mine.json', 'cannot be read', 'quarantine');
  });
  it('of a result', async () => {
    rawly('results.sqlite', `UPDATE results SET body = '{"parts":'`);
    await mends('results.sqlite', 'cannot be read', 'computed again');
  });
  it('left by processes that died: half files and links', async () => {
    const piece = at('assets', 'x.part');
    for (const file of [piece, at('assets', 'fresh.part')]) writeFileSync(file, 'half');
    utimesSync(piece, 1, 1);
    mkdirSync(at('links', 'weights-x'), { recursive: true });
    expect(await examine(folder)).toEqual([finding('assets/x.part', 'half a file'), finding('links', 'links to weights')]);
    expect(await examine(folder, { repair: true })).toEqual([
      mended('assets/x.part', 'half a file', 'quarantine'),
      mended('links', 'links to weights', 'removed'),
    ]);
    expect(await examine(folder)).toEqual([]);
  });
  it('of rows whose run is gone, and of a run that counts its events wrongly', async () => {
    rawly('facewright.sqlite', "DELETE FROM runs WHERE id = 'first'");
    expect(await examine(folder)).toEqual(
      [
        finding('facewright.sqlite', 'rows of run_graphs belong to rows of runs that are gone'),
        finding('facewright.sqlite', '3 rows of events belong to rows of runs that are gone'),
      ].sort((a, b) => a.place.localeCompare(b.place)),
    );
    await examine(folder, { repair: true });
    expect(await examine(folder)).toEqual([]);
    rawly('facewright.sqlite', "UPDATE runs SET last_seq = 7 WHERE id = 'second'");
    await mends('facewright.sqlite', 'another number', 'now 3');
  });
});

describe('a damaged database', () => {
  const runsOf = () =>
    opened(({ database }) =>
      createRunStore(database)
        .list(10)
        .map(({ id }) => id),
    );

  it('of results is put aside and begun anew', async () => {
    writeFileSync(at('results.sqlite'), 'no database at all, but long enough '.repeat(200));
    await mends('results.sqlite', 'is damaged', 'quarantine');
    expect(quarantined()).toEqual(['results.sqlite']);
  });
  it('gives every row that can be read, and is kept', async () => {
    const many = 300;
    await opened(({ database }) => {
      const runs = createRunStore(database);
      runs.create('many', { graph });
      database.transaction(() => {
        for (let i = 0; i < many; i++)
          runs.append('many', { type: 'node_log', node: 'n', level: 'info', message: `${i} ${'x'.repeat(500)}` });
      })();
      database.pragma('wal_checkpoint(TRUNCATE)');
    });
    // A page of events in the middle.
    const file = at('facewright.sqlite');
    const before = readFileSync(file);
    const page = Math.floor(before.indexOf('150 xxx') / 4096);
    expect(page).toBeGreaterThan(0);
    overwrite(file, page * 4096, new Uint8Array(4096).fill(0xaa));
    const damaged = readFileSync(file);
    expect(await examine(folder)).toEqual([finding('facewright.sqlite', 'is damaged')]);
    const [first] = await examine(folder, { repair: true });
    expect(first).toEqual(mended('facewright.sqlite', 'is damaged', 'made anew with the rows'));
    expect(first!.repaired).toContain('not all could be read of events');
    expect(await examine(folder)).toEqual([]);
    expect((await runsOf()).sort()).toEqual(['first', 'many', 'second']);
    const events = await opened(({ database }) => createRunStore(database).events('many', 0).length);
    expect(events).toBeGreaterThan(many * 0.9);
    expect(events).toBeLessThan(many);
    const kept = readdirSync(at('quarantine')).find((name) => name.endsWith('facewright.sqlite'))!;
    expect(readFileSync(at('quarantine', kept)).equals(damaged)).toBe(true);
    // It works like any other.
    await opened(({ database }) => {
      const runs = createRunStore(database);
      runs.create('new', { graph });
      expect(runs.append('new', { type: 'run_queued', name: 'g' })?.seq).toBe(1);
    });
  });
  it('whose list of tables is gone is said, kept, and begun anew', async () => {
    const file = at('facewright.sqlite');
    overwrite(file, 0, new Uint8Array(4096).fill(0x55));
    expect(() => openDataFolder(folder)).toThrow(expect.objectContaining({ code: 'SERVER_DATABASE_DAMAGED' }));
    await mends('facewright.sqlite', 'is damaged', 'made anew with no rows');
    expect(quarantined()).toEqual(['facewright.sqlite']);
    expect(await runsOf()).toEqual([]);
  });
  it('that was cut short gives what is left', async () => {
    const file = at('facewright.sqlite');
    truncateSync(file, Math.floor(statSync(file).size / 4096 / 2) * 4096);
    expect(await examine(folder)).toEqual([finding('facewright.sqlite', 'is damaged')]);
    await examine(folder, { repair: true });
    expect(await examine(folder)).toEqual([]);
  });
  it('of a newer version is left alone', async () => {
    rawly('facewright.sqlite', 'PRAGMA user_version = 1000');
    const before = readFileSync(at('facewright.sqlite'));
    expect(await examine(folder, { repair: true })).toEqual([finding('facewright.sqlite', 'newer Facewright')]);
    expect(readFileSync(at('facewright.sqlite')).equals(before)).toBe(true);
  });
});
