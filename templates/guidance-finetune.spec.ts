// Guidance fine-tune, cut down to seconds: a fair contest from pairs to report.
import { validateGraph, type Training } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';
import { readReport, smallExperiment } from './small-experiment.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('guidance-finetune');
});
afterAll(() => template.close());

describe('guidance-finetune', () => {
  it('is a valid graph that measures with other pictures than it trains on, and gives the rival the same steps, batch, rate and seed', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
    const { nodes } = template.graph;
    expect(nodes['good']!.values['seed']).not.toBe(nodes['held-out']!.values['seed']);
    const setting = (id: string, input: string) => {
      const { type, values } = nodes[id]!;
      return values[input] ?? template.catalogue.get(type)!.definition.inputs[input]!.default;
    };
    for (const input of ['steps', 'batch', 'learningRate', 'seed', 'mode'])
      expect(setting('plain', input), input).toBe(setting('guided', input));
  });

  it('runs from pictures to a report on three models, then finds everything stored', async () => {
    const run = await template.run(smallExperiment);
    expect(run.terminal).toMatchObject({ type: 'run_succeeded' });
    expect((run.outputs['guided']!['training'] as Training).method).toBe('guidance loss');
    const report = await readReport(template, run);
    expect(report.summaries.map(({ label }) => label)).toEqual([
      'Base',
      'Guidance',
      'Plain fine-tuning',
      'Base, blurred',
      'Base, noised',
      'Real pictures',
    ]);
    expect(report.measures.map(({ name }) => name)).toEqual([
      'FaceScore',
      'FID',
      'KID',
      'FacesFound',
      'Sharpness',
      'Contrast',
      'Diversity',
    ]);
    expect(report.comparisons.filter((c) => c.variant === 'Guidance' && c.against === 'Plain fine-tuning')).toHaveLength(7);
    for (const { difference } of report.comparisons) expect(Number.isFinite(difference.estimate)).toBe(true);
    expect(report.html).toMatch(/<html[\s\S]*data:image\/png/);
    expect(template.written('report.csv').split('\r\n')[0]).toBe('variant,role,key,prompt,metric,value,note,picture');

    const again = await template.run(smallExperiment);
    expect(again.events.filter(({ type }) => type === 'node_started')).toEqual([]);
    expect(again.outputs).toEqual(run.outputs);
  }, 300_000);
});
