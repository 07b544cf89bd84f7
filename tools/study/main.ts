// `npm run study:guidance`: trains every variant with several seeds on the embedded models and writes docs/guidance-results.md. Interrupted, it goes on where it stopped.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Report, RunEventBody } from '@facewright/core';
import { executeRun } from '@facewright/engine';
import { createRuntime } from '@facewright/runtime';
import { createLocalHost, loadNodes, openDataFolder } from '@facewright/server';
import { resultsPage } from './results-page.ts';
import type { StudyResult } from './results-page.ts';
import { reportOf, studyGraph, variants } from './study-graph.ts';

const root = join(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    steps: { type: 'string', default: '250' },
    pairs: { type: 'string', default: '320' },
    prompts: { type: 'string', default: '128' },
    real: { type: 'string', default: '512' },
    data: { type: 'string', default: join(root, '.facewright/study') },
  },
});
const seeds = options.seeds.split(',').map(Number);
const size = {
  model: join(root, 'models/tiny-faces'),
  pairs: Number(options.pairs),
  prompts: Number(options.prompts),
  real: Number(options.real),
  steps: Number(options.steps),
};

mkdirSync(options.data, { recursive: true });
const data = openDataFolder(options.data);
const runtime = await createRuntime({ provider: 'cpu', linkFolder: data.linkFolder, log: console.log });
const graph = studyGraph(size, variants, seeds);
const started = performance.now();
const outputs = new Map<string, Readonly<Record<string, unknown>>>();
let failed = false;
const emit = (event: RunEventBody) => {
  switch (event.type) {
    case 'node_finished':
      console.log(`${event.node}: ${event.seconds.toFixed(1)} s`);
      outputs.set(event.node, event.outputs);
      break;
    case 'node_cached':
      outputs.set(event.node, event.outputs);
      break;
    case 'run_failed':
      failed = true;
      for (const { node, message } of event.problems) console.error(`${node ?? ''} ${message}`);
      break;
    default:
  }
};
const { signal } = new AbortController();
await executeRun({
  graph,
  catalogue: await loadNodes(),
  cache: data.cache,
  history: data.history,
  host: createLocalHost({ data, runtime, outputFolder: data.outputFolder('study') }),
  provider: runtime.provider,
  signal,
  emit,
});
const results: StudyResult[] = [];
if (!failed)
  for (const variant of variants)
    for (const seed of seeds) {
      const { json, html } = outputs.get(reportOf(variant, seed))!['report'] as Report;
      results.push({
        variant,
        seed,
        ...(JSON.parse(new TextDecoder().decode(await data.assets.read(json.id))) as Pick<
          StudyResult,
          'summaries' | 'comparisons' | 'verdict'
        >),
      });
      writeFileSync(join(options.data, `${reportOf(variant, seed)}.html`), await data.assets.read(html.id));
    }
await runtime.dispose();
data.close();
if (failed) process.exit(1);
const command = `npm run study:guidance -- --seeds ${options.seeds} --steps ${options.steps} --pairs ${options.pairs} --prompts ${options.prompts} --real ${options.real}`;
writeFileSync(join(root, 'docs/guidance-results-table.md'), resultsPage(results, command));
console.log(
  `docs/guidance-results-table.md written after ${((performance.now() - started) / 60_000).toFixed(1)} min; reports in ${options.data}`,
);
