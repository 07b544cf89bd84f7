// Benchmark models: two checkpoints by every metric, cut down to seconds.
import { validateGraph, type Variant } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';
import { readReport } from './small-experiment.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('benchmark-models');
});
afterAll(() => template.close());

describe('benchmark-models', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('compares the two models by all metrics, and tells what drew the pictures', async () => {
    const run = await template.run({ 'held-out': { count: 40, promptCount: 8 }, draw: { steps: 6 }, report: { resamples: 100 } });
    expect(run.terminal).toMatchObject({ type: 'run_succeeded' });
    const [a, b] = run.outputs['draw']!['variants'] as [Variant, Variant];
    expect([a.images.length, b.images.length]).toEqual([8, 8]);
    expect(b.facts['LoRAs']).toContain('red-hair');
    const report = await readReport(template, run);
    expect(report.measures.map(({ name }) => name).slice(0, 4)).toEqual(['FaceScore', 'PictureReward', 'FID', 'KID']);
    expect(report.summaries[0]).toMatchObject({ role: 'base', label: 'Model A', pictures: 8 });
    expect(report.html).toContain('red-hair');
  }, 120_000);
});
