// A disk that fills up under a batch, and one that nothing can be written to.
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRng } from '@facewright/tensor';
import type { Measurement } from '../bench/report.ts';
import { judgeBatch, look, type Seen } from './check-ledger.ts';
import { doctor } from './doctor.ts';
import { batchOf, beginBatch, Refused, serve, untilEnded } from './server-under-test.ts';

const DISK = '48m';
const ROWS = 1200;
const TIMES_FULL = 5;

export const aboutDisk =
  'The data folder lies on a disk of its own of 48 MB (a tmpfs, which needs root). While a batch runs, the disk is filled to the last byte, five times, and emptied again after a few seconds; the batch must go on by itself. Then a server is started on the disk mounted read-only.';

async function withDisk<T>(work: (disk: string) => Promise<T>): Promise<T> {
  const disk = await mkdtemp(join(tmpdir(), 'faults-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK}`, 'tmpfs', disk]);
  try {
    return await work(disk);
  } finally {
    execFileSync('umount', ['-l', disk]);
    await rm(disk, { recursive: true, force: true });
  }
}

/** Takes all room there is, in smaller and smaller pieces, and gives back how to free it. */
async function fill(disk: string): Promise<() => Promise<void>> {
  const path = join(disk, 'filler');
  for (let size = 2 ** 20; size >= 4096; size /= 2)
    try {
      for (;;) await writeFile(path, new Uint8Array(size), { flag: 'a' });
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ENOSPC') throw cause;
    }
  return () => rm(path);
}

export const breakDisk = (): Promise<Measurement[]> =>
  withDisk(async (disk) => {
    const data = join(disk, 'data');
    const server = await serve(data);
    const seen: Seen = new Map();
    let unanswered = 0;
    let stalled = 0;
    const id = await beginBatch(server, ROWS, 20, createRng(2));
    for (let time = 0; time < TIMES_FULL; time++) {
      await sleep(1000);
      await look(server, id, seen);
      const empty = await fill(disk);
      await sleep(3000);
      const before = await batchOf(server, id).catch(() => null);
      unanswered += Number(before === null);
      await empty();
      await sleep(7000);
      const after = await batchOf(server, id);
      stalled += Number(before !== null && after.finished === null && after.done <= before.done);
    }
    const batch = await untilEnded(server, id);
    const { lost, twice, missing, miscounted } = await judgeBatch(server, id, seen);
    await server.end('SIGTERM');
    const healthy = await doctor(data);

    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const refused = await serve(data).then(
      async (running) => {
        await running.end('SIGKILL');
        return 'it started';
      },
      (error: unknown) =>
        error instanceof Refused && error.how === 1 && error.message.includes('SERVER_') === false ? error.message : String(error),
    );
    console.log(`  read-only: ${refused}`);
    execFileSync('mount', ['-o', 'remount,rw', disk]);
    const again = await serve(data);
    const kept = (await batchOf(again, id)).done;
    await again.end('SIGTERM');
    return [
      { name: 'times the disk was full', value: TIMES_FULL, unit: '' },
      { name: 'rows', value: batch.count, unit: '' },
      { name: 'times the server did not answer', value: unanswered, unit: '', most: 0 },
      { name: 'times the batch did not go on once there was room', value: stalled, unit: '', most: 0 },
      { name: 'recorded rows that were lost or changed', value: lost, unit: '', most: 0 },
      { name: 'rows done twice in the ledger', value: twice, unit: '', most: 0 },
      { name: 'rows that did not finish', value: missing, unit: '', most: 0 },
      { name: 'counts that disagree with the rows', value: miscounted, unit: '', most: 0 },
      { name: 'exit code of the doctor afterwards', value: healthy.code, unit: '', most: 0 },
      {
        name: 'read-only: starts that were not refused in words',
        value: Number(!/expected .* got .*read-only/s.test(refused)),
        unit: '',
        most: 0,
      },
      { name: 'read-only: rows that were gone when it could be written again', value: batch.done - kept, unit: '', most: 0 },
    ];
  });
