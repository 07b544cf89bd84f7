// Evaluator: base, tuned model and rival by the face score and what no trainer optimises.
import type { Metric, NodeRun, Variant } from '@facewright/core';
import type { definition } from './definition.ts';
import { evaluate } from './evaluate.ts';
import { judge } from './verdict.ts';

const threshold = 0.5;

/** Throws EVALUATOR_NO_PAIRS, EVALUATOR_TOO_FEW, EVALUATOR_DUPLICATE, EVALUATOR_LABELS, and as `evaluate`. */
export const run: NodeRun<typeof definition> = async (inputs, ctx) => {
  const { base, tuned, rival, real, scorer, detector, features, tunedLabel, rivalLabel, title, resamples, seed } = inputs;
  const variant = (label: string, images: Variant['images']): Variant => ({ label, facts: {}, images });
  const metrics: readonly Metric[] = [
    { kind: 'face-score', name: 'faceScore', models: { scorer, detector }, settings: { prompt: 'A face.', threshold } },
    { kind: 'faces-found', name: 'faceFound', models: { detector }, settings: { threshold } },
    { kind: 'sharpness', name: 'sharpness', models: {}, settings: {} },
    { kind: 'contrast', name: 'contrast', models: {}, settings: {} },
    { kind: 'frechet-distance', name: 'frechetDistance', models: { features }, settings: {} },
    { kind: 'diversity', name: 'diversity', models: { features }, settings: {} },
  ];
  const report = await evaluate(
    {
      title,
      variants: [variant('Base', base), variant(tunedLabel, tuned), ...(rival ? [variant(rivalLabel, rival)] : [])],
      metrics,
      real,
      resamples,
      seed,
      port: 'tuned',
      judge: (experiment) =>
        judge(experiment, {
          base: 'Base',
          tuned: tunedLabel,
          rival: rival ? rivalLabel : null,
          controls: experiment.summaries.filter(({ role }) => role === 'control').map(({ label }) => label),
        }),
    },
    ctx,
  );
  return { report };
};
