// A clock that jumps by years while a batch and runs are at work.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createRng } from '@facewright/tensor';
import type { Measurement } from '../bench/report.ts';
import { judgeBatch, look, type Seen } from './check-ledger.ts';
import { doctor } from './doctor.ts';
import { settleRuns } from './kill.ts';
import { beginBatch, serve, submit, untilEnded } from './server-under-test.ts';

const ROWS = 600;
const RUNS = 20;
const JUMPING = `--import ${new URL('./clock-jumps.ts', import.meta.url).href}`;

export const aboutClock =
  'The clock of server and worker jumps back and forth by up to ten years, twice a second, while a batch of 600 rows and 20 single runs are at work; between, the server is killed and started again. Runs that were submitted one after the other must be done in that order.';

export async function jumpClock(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-clock-'));
  const data = join(folder, 'data');
  let server = await serve(data, { nodeOptions: JUMPING });
  try {
    const seen: Seen = new Map();
    const keys: string[] = [];
    const id = await beginBatch(server, ROWS, 30, createRng(3));
    for (let i = 0; i < RUNS; i++) {
      keys.push(`run-${i}`);
      await submit(server, keys.at(-1)!);
      await sleep(150);
      if (i !== RUNS / 2) continue;
      await look(server, id, seen);
      await server.end('SIGKILL');
      server = await serve(data, { nodeOptions: JUMPING });
    }
    await untilEnded(server, id);
    const { lost, twice, missing, miscounted } = await judgeBatch(server, id, seen);
    const wrongRuns = await settleRuns(server, keys);
    await server.end('SIGTERM');
    return [
      { name: 'rows', value: ROWS, unit: '' },
      { name: 'runs', value: RUNS, unit: '' },
      { name: 'recorded rows that were lost or changed', value: lost, unit: '', most: 0 },
      { name: 'rows done twice in the ledger', value: twice, unit: '', most: 0 },
      { name: 'rows that did not finish', value: missing, unit: '', most: 0 },
      { name: 'counts that disagree with the rows', value: miscounted, unit: '', most: 0 },
      { name: 'runs that were lost, doubled, or ended other than once and well', value: wrongRuns, unit: '', most: 0 },
      { name: 'exit code of the doctor afterwards', value: (await doctor(data)).code, unit: '', most: 0 },
    ];
  } finally {
    await server.end('SIGKILL');
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
