// Evaluate experiment: any variants by any metrics.
import type { Metric, NodeRun, Variant } from '@facewright/core';
import type { experimentDefinition } from './definition.ts';
import { err } from './errors.ts';
import { evaluate } from './evaluate.ts';
import { judgeExperiment } from './judge-experiment.ts';

/** Throws EVALUATOR_NO_BASE, and as `evaluate`. */
export const run: NodeRun<typeof experimentDefinition> = async ({ variants, metrics, real, base, title, resamples, seed }, ctx) => ({
  report: await evaluate(
    {
      title,
      variants: baseFirst(variants, base.trim()),
      metrics: withGuards(metrics),
      real,
      resamples,
      seed,
      port: 'variants',
      judge: judgeExperiment,
    },
    ctx,
  ),
});

function baseFirst(variants: readonly Variant[], base: string): readonly Variant[] {
  const found = base === '' ? variants[0] : variants.find(({ label }) => label.toLowerCase() === base.toLowerCase());
  if (!found)
    throw err.NO_BASE(
      base === '' ? 'no variants' : base,
      variants.map(({ label }) => label),
    );
  return [found, ...variants.filter((variant) => variant !== found)];
}

/** Measures that no score sees are always there: sharpness, contrast, and, where their models are, faces found and diversity. */
function withGuards(metrics: readonly Metric[]): readonly Metric[] {
  const detected = metrics.find(({ models }) => models['detector']);
  const features = metrics.find(({ models }) => models['features'])?.models['features'];
  const guards: readonly Metric[] = [
    ...(detected
      ? [
          {
            kind: 'faces-found',
            name: 'FacesFound',
            models: { detector: detected.models['detector']! },
            settings: { threshold: detected.settings['threshold'] ?? 0.5 },
          },
        ]
      : []),
    { kind: 'sharpness', name: 'Sharpness', models: {}, settings: {} },
    { kind: 'contrast', name: 'Contrast', models: {}, settings: {} },
    ...(features ? [{ kind: 'diversity', name: 'Diversity', models: { features }, settings: {} }] : []),
  ];
  return [...metrics, ...guards.filter(({ kind }) => metrics.every((metric) => metric.kind !== kind))];
}
