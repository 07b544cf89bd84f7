// Files of the store that were damaged while no server was at work: bits turned, ends cut off, files gone.
import { cp, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@facewright/tensor';
import type { Measurement } from '../bench/report.ts';
import { doctor } from './doctor.ts';
import { batchOf, beginBatch, recorded, Refused, serve, untilEnded } from './server-under-test.ts';

const ROWS = 300;
const CASES = 60;

export const aboutCorrupt =
  'A data folder with a half-done batch is damaged 60 times, each time from a fresh copy: one file of the store, chosen at random (databases, their logs, assets, the lock), has a piece overwritten, is cut off, emptied or removed. Then a server is started, as by somebody who knows of nothing; the doctor looks, the doctor repairs, the doctor looks again, a server starts and works. Rows that a damaged database lost are counted; damage to any other file must lose none.';

const filesOf = async (folder: string): Promise<string[]> =>
  (await readdir(folder, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

async function damage(path: string, random: () => number): Promise<string> {
  const { size } = await stat(path);
  const how = ['overwritten', 'cut off', 'emptied', 'removed'][Math.floor(random() * 4)]!;
  if (how === 'removed') await rm(path);
  else if (how === 'emptied') await truncate(path, 0);
  else if (how === 'cut off') await truncate(path, Math.floor(random() * size));
  else {
    const bytes = await readFile(path);
    const at = Math.floor(random() * size);
    for (let i = at; i < Math.min(size, at + 512); i++) bytes[i] = Math.floor(random() * 256);
    await writeFile(path, bytes);
  }
  return how;
}

export async function corruptStore(seed = 4): Promise<Measurement[]> {
  const random = createRng(seed);
  const folder = await mkdtemp(join(tmpdir(), 'faults-corrupt-'));
  const whole = join(folder, 'whole');
  let refusedAtFirst = 0,
    refusedInWords = 0,
    dumb = 0,
    unhealed = 0,
    lostElsewhere = 0,
    lostByDatabase = 0,
    unfinished = 0;
  try {
    const first = await serve(whole);
    const id = await beginBatch(first, ROWS, 10, random);
    while ((await batchOf(first, id)).done < ROWS / 2) await new Promise((resolve) => setTimeout(resolve, 50));
    await first.post(`/batches/${id}/pause`, {});
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const had = (await recorded(first, id, 0)).length;
    // Killed, so that the write-ahead logs are part of what is damaged.
    await first.end('SIGKILL');
    for (let round = 0; round < CASES; round++) {
      const data = join(folder, 'damaged');
      await cp(whole, data, { recursive: true });
      const files = await filesOf(data);
      // Half of the time a database or its log: they are few among many assets.
      const few = files.filter((file) => /sqlite/.test(file));
      const pool = random() < 0.5 ? few : files;
      const path = pool[Math.floor(random() * pool.length)]!;
      const how = await damage(path, random);
      const what = `${path.slice(data.length + 1)} ${how}`;
      // Whoever knows of nothing starts the server first.
      await serve(data).then(
        (server) => server.end('SIGTERM'),
        (error: unknown) => {
          if (error instanceof Refused && error.how === 1) refusedAtFirst++;
          else dumb++;
          console.log(`  ${what}: ${error instanceof Error ? error.message : String(error)}`);
        },
      );
      const seen = await doctor(data);
      const repaired = await doctor(data, '--repair');
      const after = await doctor(data);
      if (after.code !== 0) {
        unhealed++;
        console.log(`  ${what}: not healed: ${seen.text}${repaired.text}${after.text}`);
      }
      try {
        const server = await serve(data);
        const ledger = /^facewright\.sqlite/.test(path.slice(data.length + 1));
        const rows = await recorded(server, id, 0).catch(() => []);
        if (rows.length < had) {
          if (ledger) lostByDatabase += had - rows.length;
          else lostElsewhere += had - rows.length;
          if (!ledger) console.log(`  ${what}: ${had - rows.length} rows lost`);
        }
        const next = await beginBatch(server, 5, 5, random);
        unfinished += Number((await untilEnded(server, next)).done !== 5);
        await server.end('SIGTERM');
      } catch (error) {
        if (error instanceof Refused && error.how === 1) refusedInWords++;
        else dumb++;
        console.log(`  ${what}: ${String(error)}`);
      }
      await rm(data, { recursive: true, force: true });
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return [
    { name: 'cases', value: CASES, unit: '' },
    { name: 'servers that refused to start before the repair, and said why', value: refusedAtFirst, unit: '' },
    { name: 'cases that the doctor did not heal', value: unhealed, unit: '', most: 0 },
    { name: 'servers that refused to start after the repair', value: refusedInWords, unit: '', most: 0 },
    { name: 'servers that crashed or did not answer', value: dumb, unit: '', most: 0 },
    { name: 'batches that did not finish afterwards', value: unfinished, unit: '', most: 0 },
    { name: 'recorded rows lost by damage outside of the ledger', value: lostElsewhere, unit: '', most: 0 },
    { name: 'recorded rows lost by damage to the ledger itself', value: lostByDatabase, unit: '' },
  ];
}
