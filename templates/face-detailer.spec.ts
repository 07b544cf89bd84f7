// Face detailer: faces are repainted where they were found, everything else stays, and the scores are told before and after.
import { validateGraph, type Faces, type Image, type Scores } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('face-detailer');
});
afterAll(() => template.close());

describe('face-detailer', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('changes pictures near their faces only, passes a picture without a face on, and raises the scores of smeared faces', async () => {
    const { terminal, outputs } = await template.run({ detailed: { steps: 12 } });
    expect(terminal).toMatchObject({ type: 'run_succeeded' });
    const faces = (outputs['faces']!['faces'] as Faces).images;
    const detailed = outputs['detailed']!['images'] as Image[];
    expect(detailed.map(({ key }) => key)).toEqual(faces.map(({ image }) => image.key));
    expect(faces.map(({ faces: found }) => found.length)).toEqual([1, 1, 1, 1, 0]);
    for (const [i, { image, faces: found }] of faces.entries()) {
      if (found.length === 0) {
        expect(detailed[i]!.asset.id).toBe(image.asset.id);
        continue;
      }
      const [before, after] = [await template.picture(image.asset), await template.picture(detailed[i]!.asset)];
      const changed = [...before.data.keys()].filter((at) => before.data[at] !== after.data[at]).map((at) => Math.floor(at / 3));
      expect(changed.length).toBeGreaterThan(500);
      const [x1, y1, x2, y2] = found[0]!.box;
      // the soft edge reaches out by twice its width at most: a fifth of the shorter side
      const reach = 0.2 * Math.min(x2 - x1, y2 - y1) + 1;
      const far = changed.filter((pixel) => {
        const [x, y] = [pixel % before.width, Math.floor(pixel / before.width)];
        return x < x1 - reach || x > x2 + reach || y < y1 - reach || y > y2 + reach;
      });
      expect(far, image.key).toEqual([]);
    }
    const mean = (node: string) => {
      const scored = (outputs[node]!['scores'] as Scores).rows.flatMap(({ score }) => (score === null ? [] : [score]));
      expect(scored.length).toBeGreaterThanOrEqual(4);
      return scored.reduce((sum, v) => sum + v, 0) / scored.length;
    };
    expect(mean('score-after')).toBeGreaterThan(mean('score-before'));
    expect(template.written('scores-before.csv')).toContain('no face found');
    expect(template.written('scores-after.csv')).toContain('1.png');
  }, 60_000);
});
