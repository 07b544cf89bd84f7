// npm run test:faults: what goes wrong with machines and disks, done on purpose to a running server; writes bench/faults.json and docs/faults.md. Linux; the full disk needs root.
import { measureParts } from '../bench/measure-parts.ts';
import { aboutClock, jumpClock } from './clock.ts';
import { aboutCorrupt, corruptStore } from './corrupt.ts';
import { aboutDisk, breakDisk } from './disk.ts';
import { aboutKill, killAtRandom } from './kill.ts';
import { aboutTwoServers, startTogether } from './two-servers.ts';

await measureParts(
  {
    kill: { title: 'Killed at random', about: aboutKill, measure: () => killAtRandom(300) },
    disk: { title: 'Full and read-only disks', about: aboutDisk, measure: breakDisk },
    clock: { title: 'A clock that jumps', about: aboutClock, measure: jumpClock },
    corrupt: { title: 'Damaged files', about: aboutCorrupt, measure: () => corruptStore() },
    servers: { title: 'Several servers on one folder', about: aboutTwoServers, measure: startTogether },
  },
  {
    results: 'bench/faults.json',
    page: 'docs/faults.md',
    title: 'What goes wrong, and what is left then',
    about:
      'Written by `npm run test:faults` from what it counted; the numbers are in `bench/faults.json`. `npm run test:faults -- --only kill` does one part and keeps the others. What the readers of graphs and files make of broken input is on [its own page](fuzzing.md).',
  },
);
