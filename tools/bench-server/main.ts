// npm run bench:server: what the server costs, on this machine; writes bench/server.json and docs/server-benchmarks.md. Run it on a machine that does nothing else.
import { measureParts } from '../bench/measure-parts.ts';
import { aboutBatch, measureBatch } from './batch.ts';
import { aboutExecutor, measureExecutor } from './executor.ts';
import { aboutLive, measureLive } from './live.ts';
import { aboutMemory, measureMemory } from './memory.ts';
import { aboutStorage, measureStorage } from './storage.ts';

const { COMFYUI_CHECKOUT: checkout, FACEWRIGHT_PYTHON: python = 'python3' } = process.env;
await measureParts(
  {
    executor: {
      title: 'A node that does nothing',
      about: aboutExecutor,
      measure: () => measureExecutor(checkout === undefined ? undefined : { checkout, python }),
    },
    batch: { title: 'A batch of 100,000 rows', about: aboutBatch, measure: measureBatch },
    live: { title: 'Live events for many clients', about: aboutLive, measure: measureLive },
    storage: { title: 'Keeping things', about: aboutStorage, measure: measureStorage },
    memory: { title: 'Memory over many runs', about: aboutMemory, measure: () => measureMemory() },
  },
  {
    results: 'bench/server.json',
    page: 'docs/server-benchmarks.md',
    title: 'What the server costs',
    about:
      'Written by `npm run bench:server` from what it measured; the numbers are in `bench/server.json`. `npm run bench:server -- --only memory` measures one part and keeps the others.',
  },
);
