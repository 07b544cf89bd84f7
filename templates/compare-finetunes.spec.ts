// Compare fine-tunes, cut down to seconds: every trainer of the paper's table from the same pictures, in one report.
import { validateGraph, type Image, type Variant } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';
import { readReport, smallExperiment } from './small-experiment.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('compare-finetunes');
});
afterAll(() => template.close());

const labels = ['Base', 'DPO', 'SPIN', 'Guidance ℓ2', 'Guidance DINO'];

describe('compare-finetunes', () => {
  it('is a valid graph whose trainers have the same seed, steps and batch', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
    const trainers = Object.values(template.graph.nodes).filter(
      ({ type }) => template.catalogue.get(type)!.definition.outputs['training'] && type !== 'facewright/face-score-trainer',
    );
    expect(trainers).toHaveLength(labels.length - 1);
    for (const { values } of trainers) expect(values).toMatchObject({ seed: 1 });
    for (const { values } of trainers) expect([values['steps'], values['batch']]).toEqual([undefined, undefined]);
  });

  it('draws the same prompts with every model and compares all of them with each other', async () => {
    const run = await template.run(smallExperiment);
    expect(run.terminal).toMatchObject({ type: 'run_succeeded' });
    const keys = (node: string) => (run.outputs[node]!['images'] as Image[]).map(({ key }) => key);
    expect(keys('drawn')).toEqual(keys('good'));
    const variants = run.outputs['draw']!['variants'] as Variant[];
    expect(variants.map(({ label }) => label)).toEqual(labels);
    for (const { images } of variants) expect(images.map(({ key }) => key)).toEqual(variants[0]!.images.map(({ key }) => key));
    // every training changed the model, each in its own way
    expect(new Set(variants.map(({ images }) => images.map(({ asset }) => asset.id).join())).size).toBe(labels.length);

    const report = await readReport(template, run);
    const contests = new Set(report.comparisons.map((c) => `${c.variant} − ${c.against}`));
    // each variant and both controls against the base, and all pairs of variants
    const rivals = labels.length - 1;
    expect(contests.size).toBe(rivals + 2 + (rivals * (rivals - 1)) / 2);
    expect(contests).toContain('SPIN − Guidance ℓ2');
  }, 300_000);
});
