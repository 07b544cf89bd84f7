// The jobs of the study, in the order in which they are done.
import type { PromptSet, StudySize } from './job-graph.ts';
import { ablation, base, main, type Variant } from './variants.ts';

export interface Job {
  readonly variant: Variant;
  readonly seed: number;
  readonly set: PromptSet;
  readonly size: StudySize;
}

/** Of the ablation. */
const TUNING_SEED = 101;
const TUNING_PROMPTS = 128;
export const mainJob = (size: StudySize, variant: Variant, seed: number): Job => ({ variant, seed, set: 'table', size });
export const ablationJob = (size: StudySize, variant: Variant): Job => ({
  variant,
  seed: TUNING_SEED,
  set: 'tuning',
  size: { ...size, prompts: Math.min(size.prompts, TUNING_PROMPTS) },
});

/** All, the ablation first, for settings are picked there. The base is drawn once: it has no training seed. */
export const studyJobs = (size: StudySize, seeds: readonly number[]): Job[] => [
  ...[base, ...ablation].map((variant) => ablationJob(size, variant)),
  mainJob(size, base, seeds[0]!),
  ...seeds.flatMap((seed) => main.map((variant) => mainJob(size, variant, seed))),
];
