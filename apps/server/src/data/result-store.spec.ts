import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StoredResult } from '@facewright/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from './data-folder.ts';

let folder: string, data: DataFolder;
const warnings: string[] = [];
const open = () => openDataFolder(folder, [], { warn: (message) => warnings.push(message) });
beforeEach(() => {
  warnings.length = 0;
  folder = mkdtempSync(join(tmpdir(), 'result-store-spec-'));
  data = open();
});
afterEach(() => {
  data.close();
  rmSync(folder, { recursive: true });
});
const aMoment = () => new Promise((resolve) => setTimeout(resolve));
const key = (digit: string) => digit.repeat(64);
const resultOf = async (text: string, seconds = 1): Promise<StoredResult> => ({
  parts: { type: 'test/x', version: 1, inputs: {} },
  outputs: { text: await data.assets.write(new TextEncoder().encode(text), 'text/plain') },
  seconds,
});
const pathOf = async ({ outputs }: StoredResult) => (await data.assets.find((outputs['text'] as { id: string }).id))!.path;
const reopen = () => {
  data.close();
  data = open();
};

describe('a result', () => {
  it('survives a restart and counts only while its assets are whole', async () => {
    const stored = await resultOf('an asset');
    await data.cache.set(key('a'), stored);
    reopen();
    expect(await data.cache.get(key('a'))).toEqual(stored);
    truncateSync(await pathOf(stored), 3);
    expect(await data.cache.get(key('a'))).toBeNull();
    await resultOf('an asset');
    expect(await data.cache.get(key('a'))).toEqual(stored);
    rmSync(await pathOf(stored));
    expect(await data.cache.get(key('a'))).toBeNull();
    expect(await data.cache.get(key('b'))).toBeNull();
  });
  it('keeps its assets, and when it is stored again only those of the new one', async () => {
    const assets = () => data.results.prepare('SELECT asset FROM result_assets').pluck().all();
    const [first, second] = [await resultOf('one'), await resultOf('two')];
    await data.cache.set(key('a'), first);
    expect(assets()).toEqual([(first.outputs['text'] as { id: string }).id]);
    await data.cache.set(key('a'), second);
    expect(assets()).toEqual([(second.outputs['text'] as { id: string }).id]);
  });
  it('that cannot be read is none', async () => {
    await data.cache.set(key('a'), await resultOf('x'));
    data.results.exec(`UPDATE results SET body = '{"parts":'`);
    expect(await data.cache.get(key('a'))).toBeNull();
  });
  it('that took long is there when the process is killed right after; quick ones are as soon as the process has a moment', async () => {
    const code = `
      import { openDataFolder } from ${JSON.stringify(import.meta.resolve('./data-folder.ts'))};
      const { cache } = openDataFolder(${JSON.stringify(folder)});
      const result = (seconds) => ({ parts: { type: 't', version: 1, inputs: {} }, outputs: {}, seconds });
      await cache.set('quick', result(0));
      await new Promise((resolve) => setTimeout(resolve));
      await cache.set('slow', result(1));
      await cache.set('last', result(0));
      process.kill(process.pid, 'SIGKILL');`;
    expect(spawnSync(process.execPath, ['--input-type=module', '-e', code], { stdio: 'inherit' }).signal).toBe('SIGKILL');
    expect(await data.cache.get('quick')).not.toBeNull();
    expect(await data.cache.get('slow')).not.toBeNull();
    expect(await data.cache.get('last')).toBeNull();
  });
  it('that found no room is told with the next one, and what is stored later is there', async () => {
    const full = await resultOf('x', 0);
    const pages = data.results.pragma('page_count', { simple: true }) as number;
    data.results.pragma(`max_page_count = ${pages}`);
    await data.cache.set(key('a'), { ...full, outputs: { text: 'x'.repeat(50_000) } });
    await aMoment();
    await expect(data.cache.set(key('b'), full)).rejects.toMatchObject({ code: 'SERVER_DISK_FULL' });
    data.results.pragma('max_page_count = 1000000');
    await data.cache.set(key('c'), full);
    data.flush();
    expect(await data.cache.get(key('a'))).toBeNull();
    expect(await data.cache.get(key('c'))).toEqual(full);
  });
  it('says once an hour that it was used', async () => {
    await data.cache.set(key('a'), await resultOf('x'));
    data.results.exec('UPDATE results SET used = used - 100');
    const used = () => data.results.prepare('SELECT used FROM results').pluck().get() as number;
    const before = used();
    await data.cache.get(key('a'));
    data.flush();
    expect(used()).toBe(before);
    data.results.exec('UPDATE results SET used = used - 3600');
    await data.cache.get(key('a'));
    data.flush();
    expect(used()).toBeGreaterThan(before);
  });
});

describe('the folder cache/ of an earlier version', () => {
  it('is taken over with the assets that its results need, and then gone', async () => {
    const stored = await resultOf('from before');
    const file = (digit: string) => join(folder, 'cache', digit.repeat(2), `${key(digit)}.json`);
    for (const digit of ['1', '2', '3']) mkdirSync(join(folder, 'cache', digit.repeat(2)), { recursive: true });
    writeFileSync(file('1'), JSON.stringify(stored));
    writeFileSync(file('2'), '{"parts":');
    writeFileSync(join(folder, 'cache', '33', 'a.json.part'), '');
    reopen();
    expect(await data.cache.get(key('1'))).toEqual(stored);
    expect(await data.cache.get(key('2'))).toBeNull();
    expect(data.results.prepare('SELECT count(*) FROM result_assets').pluck().get()).toBe(1);
    expect(existsSync(join(folder, 'cache'))).toBe(false);
  });
});

describe('results.sqlite', () => {
  it('that is damaged is put aside and said, and results are stored anew', async () => {
    await data.cache.set(key('a'), await resultOf('x'));
    data.close();
    writeFileSync(join(folder, 'results.sqlite'), 'not a database, but long enough to look at '.repeat(100));
    data = open();
    expect(warnings).toEqual([expect.stringMatching(/results\.sqlite: expected one that can be read.*quarantine/)]);
    expect(readdirSync(join(folder, 'quarantine'))).toEqual([expect.stringMatching(/results\.sqlite$/)]);
    await data.cache.set(key('a'), await resultOf('x'));
    expect(await data.cache.get(key('a'))).not.toBeNull();
  });
});
