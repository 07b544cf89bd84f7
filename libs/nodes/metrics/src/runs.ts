// Metrics of an experiment: each node appends a description of its metric; the experiment computes it.
import type { Metric, NodeRun } from '@facewright/core';
import type * as define from './definition.ts';
import { err } from './errors.ts';
import { metricNameOf } from './metric-name.ts';

const named = (node: string, typed: string, detector: unknown): string =>
  metricNameOf(`facewright/metric-${node}`, typed, detector !== undefined)!;

/** Throws METRICS_NAME when the list has the name already. */
function append(before: readonly Metric[] | undefined, { models, ...metric }: Metric): { readonly metrics: readonly Metric[] } {
  const list = before ?? [];
  if (list.some(({ name }) => name === metric.name)) throw err.NAME(metric.name);
  return { metrics: [...list, { ...metric, models }] };
}

export const faceScore: NodeRun<typeof define.faceScoreMetric> = async ({ metrics, model, detector, name, ...settings }) =>
  append(metrics, { kind: 'face-score', name: named('face-score', name, detector), models: { scorer: model, detector }, settings });

export const imageReward: NodeRun<typeof define.imageRewardMetric> = async ({ metrics, model, detector, name, ...settings }) =>
  append(metrics, {
    kind: 'image-reward',
    name: named('image-reward', name, detector),
    models: { scorer: model, ...(detector && { detector }) },
    settings,
  });

export const hps: NodeRun<typeof define.hpsMetric> = async ({ metrics, model, detector, name, ...settings }) =>
  append(metrics, {
    kind: 'hps',
    name: named('hps', name, detector),
    models: { clip: model, ...(detector && { detector }) },
    settings,
  });

export const clipScore: NodeRun<typeof define.clipScoreMetric> = async ({ metrics, model, detector, name, ...settings }) =>
  append(metrics, {
    kind: 'clip-score',
    name: named('clip-score', name, detector),
    models: { clip: model, ...(detector && { detector }) },
    settings,
  });

export const aesthetic: NodeRun<typeof define.aestheticMetric> = async ({ metrics, model, clip, detector, name, ...settings }) =>
  append(metrics, {
    kind: 'aesthetic',
    name: named('aesthetic', name, detector),
    models: { head: model, clip, ...(detector && { detector }) },
    settings,
  });

export const faceQuality: NodeRun<typeof define.faceQualityMetric> = async ({ metrics, model, detector, name, ...settings }) =>
  append(metrics, { kind: 'face-quality', name: named('face-quality', name, detector), models: { network: model, detector }, settings });

export const frechet: NodeRun<typeof define.frechetMetric> = async ({ metrics, model, name }) =>
  append(metrics, {
    kind: 'frechet-distance',
    name: named('frechet-distance', name, undefined),
    models: { features: model },
    settings: {},
  });

export const kernel: NodeRun<typeof define.kernelMetric> = async ({ metrics, model, name }) =>
  append(metrics, { kind: 'kernel-distance', name: named('kernel-distance', name, undefined), models: { features: model }, settings: {} });
