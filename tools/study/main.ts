// `npm run study:guidance`: trains every variant on the embedded models and writes docs/guidance-results-table.md. Interrupted, it goes on where it stopped.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { writeWhole } from '@facewright/server';
import type { StudySize } from './job-graph.ts';
import { resultsPage } from './results-page.ts';
import { runJob } from './run-job.ts';
import { openStudyData } from './study-data.ts';
import { studyJobs } from './study-jobs.ts';
import { studyResults } from './study-results.ts';

const root = join(import.meta.dirname, '../..');
const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '1,2,3' },
    steps: { type: 'string', default: '200' },
    batch: { type: 'string', default: '8' },
    pairs: { type: 'string', default: '320' },
    prompts: { type: 'string', default: '192' },
    real: { type: 'string', default: '512' },
    data: { type: 'string', default: join(root, '.facewright/study') },
    /** Only trains and draws for these, in this order: `table` or `tuning`, or `table/NAME` of a variant. Several processes may share the data folder. */
    only: { type: 'string' },
  },
});
const size: StudySize = {
  // relative, so that results do not depend on where the project lies
  model: 'models/tiny-faces',
  pairs: Number(options.pairs),
  prompts: Number(options.prompts),
  real: Number(options.real),
  steps: Number(options.steps),
  batch: Number(options.batch),
};
const seeds = options.seeds.split(',').map(Number);
const began = performance.now();
const log = (message: string) => console.log(`${((performance.now() - began) / 1000).toFixed(0).padStart(5)} s  ${message}`);
const data = await openStudyData(options.data, join(root, size.model), log);
const wanted = options.only?.split(',');
let seconds = 0;
const jobs = studyJobs(size, seeds);
const asked = (what: string) => jobs.filter(({ set, variant }) => what === set || what === `${set}/${variant.name}`);
for (const job of wanted?.flatMap(asked) ?? jobs) {
  const done = await runJob(data, job);
  seconds += done.seconds;
  log(`${job.set} ${job.variant.name}, seed ${job.seed}: ${done.seconds.toFixed(0)} s`);
}
if (!wanted) {
  const command = `npm run study:guidance -- --seeds ${options.seeds} --steps ${options.steps} --batch ${options.batch} --pairs ${options.pairs} --prompts ${options.prompts} --real ${options.real}`;
  const results = await studyResults(data, size, seeds, log);
  await writeWhole(join(root, 'docs/guidance-results-table.md'), new TextEncoder().encode(resultsPage({ ...results, command })));
  log(`docs/guidance-results-table.md written; the jobs took ${(seconds / 60).toFixed(0)} min`);
}
await data.close();
