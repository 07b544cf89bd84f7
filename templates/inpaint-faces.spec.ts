// Inpaint faces: the repainted pictures differ from the good ones inside the faces and nowhere else.
import { validateGraph, type Faces, type Image, type PairSet } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('inpaint-faces');
});
afterAll(() => template.close());

describe('inpaint-faces', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('repaints the faces it finds and leaves every other pixel as it is', async () => {
    const { terminal, outputs } = await template.run({ good: { count: 6 }, bad: { steps: 10 } });
    expect(terminal).toMatchObject({ type: 'run_succeeded' });
    const faces = outputs['faces']!['faces'] as Faces;
    const bad = new Map((outputs['bad']!['images'] as Image[]).map((image) => [image.key, image]));
    const withFace = faces.images.filter(({ faces: found }) => found.length > 0);
    expect(withFace.length).toBeGreaterThanOrEqual(5);
    expect([...bad.keys()]).toEqual(withFace.map(({ image }) => image.key));
    for (const { image, faces: found } of withFace) {
      const [before, after] = [await template.picture(image.asset), await template.picture(bad.get(image.key)!.asset)];
      const changed = [...before.data.keys()].filter((i) => before.data[i] !== after.data[i]).map((i) => Math.floor(i / 3));
      expect(changed.length).toBeGreaterThan(300);
      const outside = changed.filter((pixel) => {
        const [x, y] = [pixel % 64, Math.floor(pixel / 64)];
        // a tenth of the face's size is repainted around it
        return !found.some(
          ({ box: [x1, y1, x2, y2] }) =>
            x >= x1 - (x2 - x1) / 10 - 1 && x <= x2 + (x2 - x1) / 10 && y >= y1 - (y2 - y1) / 10 - 1 && y <= y2 + (y2 - y1) / 10,
        );
      });
      expect(outside).toEqual([]);
    }
    const { pairs } = outputs['pairs']!['pairs'] as PairSet;
    expect(pairs.length).toBeGreaterThanOrEqual(5);
    expect(pairs.every(({ good, bad: other }) => good.asset.id !== other.asset.id)).toBe(true);
  }, 180_000);
});
