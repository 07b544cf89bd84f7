// kill -9 of the server, of its worker or of both, at random points over batches and runs.
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunSummary } from '@facewright/core';
import { createRng } from '@facewright/tensor';
import type { Measurement } from '../bench/report.ts';
import { judgeBatch, judgeRuns, look, type Seen, type Verdict } from './check-ledger.ts';
import { doctor } from './doctor.ts';
import { batchOf, beginBatch, serve, submit, untilEnded, type ServerUnderTest } from './server-under-test.ts';

const ROWS = 1500;
const LONGEST_ROW_MS = 40;
/** A point falls within so many milliseconds of work. */
const WITHIN_MS = 600;

export const aboutKill =
  'A server with batches of 1,500 rows (a wait of up to 40 ms, a picture and a report each) and single runs between them is killed with `kill -9` at random moments, and started again where it was the server; the last batch then runs to its end. What a client had seen as recorded is compared with what is there.';

/** `points` times a process is killed. */
export async function killAtRandom(points: number, seed = 1): Promise<Measurement[]> {
  const random = createRng(seed);
  const folder = await mkdtemp(join(tmpdir(), 'faults-kill-'));
  const data = join(folder, 'data');
  const killed = { server: 0, worker: 0, both: 0 };
  const batches: { readonly id: string; readonly seen: Seen }[] = [];
  const keys: string[] = [];
  let server = await serve(data);
  try {
    for (let point = 0; point < points; point++) {
      const current = batches.at(-1);
      if (!current || (await batchOf(server, current.id)).finished !== null)
        batches.push({ id: await beginBatch(server, ROWS, LONGEST_ROW_MS, random), seen: new Map() });
      const { id, seen } = batches.at(-1)!;
      if (point % 3 === 0) {
        keys.push(`run-${seed}-${point}`);
        // The server may die under it: whoever sent it sends it again.
        void submit(server, keys.at(-1)!).catch(() => {});
      }
      await sleep(random() * WITHIN_MS);
      await look(server, id, seen);
      const workers = server.workers();
      const kind = random() < 0.6 ? 'server' : random() < 0.75 ? 'worker' : 'both';
      killed[kind]++;
      if (kind !== 'server') workers.forEach(kill);
      if (kind !== 'worker') {
        await server.end('SIGKILL');
        server = await serve(data);
      }
      if (point % 25 === 24) console.log(`  ${point + 1} of ${points}, ${batches.length} batches, ${seen.size} rows of the last`);
    }
    const verdicts: Verdict[] = [];
    for (const { id, seen } of batches) {
      await untilEnded(server, id);
      verdicts.push(await judgeBatch(server, id, seen));
    }
    const wrongRuns = await settleRuns(server, keys);
    const orphans = await orphansOf(data, server);
    await server.end('SIGTERM');
    const found = await doctor(data);
    if (found.code !== 0) console.log(found.text);
    const sum = (of: keyof Verdict) => verdicts.reduce((total, verdict) => total + verdict[of], 0);
    return [
      { name: 'points', value: points, unit: '' },
      { name: 'of them the server', value: killed.server, unit: '' },
      { name: 'of them its worker', value: killed.worker, unit: '' },
      { name: 'of them both', value: killed.both, unit: '' },
      { name: 'rows', value: batches.length * ROWS, unit: '' },
      { name: 'single runs', value: keys.length, unit: '' },
      { name: 'recorded rows that were lost or changed', value: sum('lost'), unit: '', most: 0 },
      { name: 'rows done twice in the ledger', value: sum('twice'), unit: '', most: 0 },
      { name: 'rows that did not finish', value: sum('missing'), unit: '', most: 0 },
      { name: 'counts that disagree with the rows', value: sum('miscounted'), unit: '', most: 0 },
      { name: 'runs that were lost, doubled, or ended other than once and well', value: wrongRuns, unit: '', most: 0 },
      { name: 'workers left behind', value: orphans, unit: '', most: 0 },
      { name: 'exit code of the doctor afterwards', value: found.code, unit: '', most: 0 },
    ];
  } finally {
    await server.end('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Waits until every submitted run has ended, then judges them. */
export async function settleRuns(server: ServerUnderTest, keys: readonly string[]): Promise<number> {
  for (const key of keys) {
    const { id } = await submit(server, key);
    while ((await server.get<{ run: RunSummary }>(`/runs/${id}`)).run.finished === null) await sleep(50);
  }
  return judgeRuns(server, keys);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It had just ended by itself.
  }
}

/** Processes that still work on the data folder and do not belong to the server: workers whose server was killed. */
async function orphansOf(data: string, server: ServerUnderTest): Promise<number> {
  // A worker notices within a beat that its server is gone.
  await sleep(3000);
  const ours = new Set([process.pid, server.pid, ...server.workers()].map(String));
  const others = readdirSync('/proc').filter((name) => /^\d+$/.test(name) && !ours.has(name));
  return others.filter((pid) => commandOf(pid).includes(data)).length;
}
function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}
