// Metric alignment: the table of the paper on toy faces with simulated judges.
import { validateGraph, type Report } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('metric-alignment');
});
afterAll(() => template.close());

interface Row {
  readonly metric: string;
  readonly accuracy: { readonly estimate: number; readonly low: number; readonly high: number };
  readonly pairs: number;
}

describe('metric-alignment', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('ranks what knows the defects above the face score, and the face score above what knows nothing of faces', async () => {
    const { terminal, outputs } = await template.run({ judges: { sets: 80 }, mine: { limit: 4 }, simulated: { resamples: 200 } });
    expect(terminal).toMatchObject({ type: 'run_succeeded' });
    const { metrics, people } = JSON.parse(template.written('metric-alignment-simulated.json')) as {
      metrics: readonly Row[];
      people: { accuracy: Row['accuracy'] };
    };
    expect(metrics.map(({ metric }) => metric)).toEqual([
      'FaceScore',
      'LocalReward',
      'PictureReward',
      'True defect',
      'Sharpness',
      'Contrast',
    ]);
    const of = new Map(metrics.map(({ metric, accuracy }) => [metric, accuracy]));
    expect(metrics[0]!.pairs).toBeGreaterThan(100);
    // With 80 sets an interval is about 0.09 to each side; over 200 sets the estimates were 0.93, 0.70, 0.51 and 0.50.
    expect(of.get('True defect')!.estimate).toBeGreaterThan(0.85);
    expect(of.get('FaceScore')!.low).toBeGreaterThan(0.5);
    expect(of.get('FaceScore')!.estimate).toBeLessThan(of.get('True defect')!.low);
    for (const control of ['Sharpness', 'Contrast']) expect(Math.abs(of.get(control)!.estimate - 0.5)).toBeLessThan(0.17);
    expect(people.accuracy.estimate).toBeGreaterThan(0.6);
    const { html } = outputs['simulated']!['report'] as Report;
    expect(new TextDecoder().decode(await template.read(html))).toContain('<td>Random guess</td><td>50.0 %</td>');
    expect(template.written('metric-alignment-simulated.csv').split('\r\n')).toHaveLength(6 + 4);
  });

  it('puts sets up for whoever opens it, and says that nobody has judged them yet', async () => {
    const { outputs } = await template.run({ judges: { sets: 80 }, mine: { limit: 4 }, simulated: { resamples: 200 } });
    expect(outputs['mine']!['summary']).toBe(
      '4 sets of 3 pictures are put up as toy faces. The link of the first annotator is under Judging, where more are made.',
    );
    expect((outputs['yours']!['report'] as Report).summary).toBe('Nobody has judged yet: there is nothing to compare with.');
  });
});
