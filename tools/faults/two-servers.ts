// Several servers that want the same data folder at the same moment.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRng } from '@facewright/tensor';
import type { Measurement } from '../bench/report.ts';
import { judgeBatch } from './check-ledger.ts';
import { beginBatch, Refused, serve, untilEnded, type ServerUnderTest } from './server-under-test.ts';

const ROUNDS = 5;
const AT_ONCE = 4;

export const aboutTwoServers =
  'Five times, four servers are started on one data folder at the same moment: one must begin and the others must say why they do not, with exit code 1. The one at work finishes a batch meanwhile and is then killed, so that the next round begins with the lock of a process that is gone.';

export async function startTogether(): Promise<Measurement[]> {
  const folder = await mkdtemp(join(tmpdir(), 'faults-two-'));
  const data = join(folder, 'data');
  let wrong = 0;
  let unsaid = 0;
  let unsound = 0;
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const outcomes = await Promise.allSettled(Array.from({ length: AT_ONCE }, () => serve(data)));
      const started = outcomes.flatMap((outcome): ServerUnderTest[] => (outcome.status === 'fulfilled' ? [outcome.value] : []));
      wrong += Number(started.length !== 1);
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') {
          const refused: unknown = outcome.reason;
          unsaid += Number(!(refused instanceof Refused && refused.how === 1 && refused.message.includes('no other server on it')));
        }
      const [server] = started;
      if (server) {
        const id = await beginBatch(server, 100, 10, createRng(round));
        await untilEnded(server, id);
        const { twice, missing, miscounted } = await judgeBatch(server, id, new Map());
        unsound += twice + missing + miscounted;
      }
      await Promise.all(started.map((one) => one.end('SIGKILL')));
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
  return [
    { name: 'rounds of four servers', value: ROUNDS, unit: '' },
    { name: 'rounds in which not exactly one began', value: wrong, unit: '', most: 0 },
    { name: 'servers that did not say why they do not begin', value: unsaid, unit: '', most: 0 },
    { name: 'rows amiss', value: unsound, unit: '', most: 0 },
  ];
}
