// What keeping things costs: results, assets, looking for garbage, backups.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backUp, collectGarbage, openDataFolder } from '@facewright/server';
import type { Measurement } from '../bench/report.ts';

const RESULTS = 20_000;
const SMALL = 2000;
const LARGE = 100;

export const aboutStorage =
  'A data folder in one process: 2,000 assets of 1 kB and 100 of 1 MB, each flushed to the disk; 20,000 results that each need one of the small assets, written in groups and committed at the end, then read; a look for garbage that removes nothing; a backup into an empty folder, and once more over it.';

const parts = { type: 'bench/pass', version: 1, inputs: {} };

export async function measureStorage(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'bench-storage-'));
  const data = openDataFolder(join(folder, 'data'));
  /** Seconds. */
  const timed = async (work: () => Promise<unknown>): Promise<number> => {
    const begun = performance.now();
    await work();
    return (performance.now() - begun) / 1000;
  };
  const write = (bytes: number, i: number) =>
    data.assets.write(new Uint8Array(bytes).fill(i % 256).fill(i >> 8, 0, 4), 'application/octet-stream');
  try {
    const assets: Awaited<ReturnType<typeof write>>[] = [];
    const small = await timed(async () => {
      for (let i = 0; i < SMALL; i++) assets.push(await write(1000, i));
    });
    const large = await timed(async () => {
      for (let i = 0; i < LARGE; i++) await write(1_000_000, i);
    });
    const store = await timed(async () => {
      for (let i = 0; i < RESULTS; i++)
        await data.cache.set(`key ${i}`, { parts, outputs: { asset: assets[i % SMALL], number: i }, seconds: 0 });
      data.flush();
    });
    const read = await timed(async () => {
      for (let i = 0; i < RESULTS; i++) if ((await data.cache.get(`key ${i}`)) === null) throw new Error(`result ${i} is gone`);
    });
    const look = await timed(() => collectGarbage(data, { dryRun: true, graceMs: 0 }));
    const first = await timed(() => backUp(data, join(folder, 'backup')));
    const again = await timed(() => backUp(data, join(folder, 'backup')));
    return [
      { name: 'an asset of 1 kB', value: (1000 * small) / SMALL, unit: 'ms' },
      { name: 'an asset of 1 MB', value: (1000 * large) / LARGE, unit: 'ms' },
      { name: 'storing a result', value: (1e6 * store) / RESULTS, unit: 'µs' },
      { name: 'reading a result', value: (1e6 * read) / RESULTS, unit: 'µs' },
      { name: 'looking for garbage', value: look, unit: 's' },
      { name: 'first backup', value: first, unit: 's' },
      { name: 'backup again', value: again, unit: 's' },
    ];
  } finally {
    data.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
