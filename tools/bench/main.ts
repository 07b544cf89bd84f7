// npm run bench: measures speed and memory on this machine, and writes bench/results.json and docs/benchmarks.md. Run it on a machine that does nothing else.
import { aboutEngine, measureEngine } from './engine.ts';
import { aboutLoop, measureLoop } from './loop.ts';
import { measureParts } from './measure-parts.ts';
import { aboutTrain, measureTrain } from './train.ts';

await measureParts(
  {
    engine: { title: 'Engine overhead', about: aboutEngine, measure: measureEngine },
    train: { title: 'Train step', about: aboutTrain, measure: () => measureTrain({ python: process.env['FACEWRIGHT_PYTHON'] }) },
    loop: { title: 'The loop template', about: aboutLoop, measure: measureLoop },
  },
  {
    results: 'bench/results.json',
    page: 'docs/benchmarks.md',
    title: 'Benchmarks',
    about:
      'Written by `npm run bench` from what it measured; the numbers are in `bench/results.json`. `npm run bench -- --only engine` (or `train`, `loop`) measures one part and keeps the others.',
  },
);
