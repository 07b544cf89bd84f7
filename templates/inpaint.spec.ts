// Inpaint: what is masked is painted anew, every other pixel stays bit for bit.
import { validateGraph, type Image } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('inpaint');
});
afterAll(() => template.close());

describe('inpaint', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it.each(['picture', 'crop'])(
    'repaints what is transparent and leaves every pixel outside bit for bit (%s)',
    async (area) => {
      const { terminal, outputs } = await template.run({ repainted: { steps: 6, area } });
      expect(terminal).toMatchObject({ type: 'run_succeeded' });
      const of = async (node: string, port = 'images') => template.picture((outputs[node]![port] as Image[])[0]!.asset);
      const [before, mask, after] = [await of('picture'), await of('picture', 'masks'), await of('repainted')];
      expect([after.width, after.height]).toEqual([before.width, before.height]);
      const masked = [...mask.data.keys()].filter((i) => i % mask.channels === 0).map((i) => mask.data[i]!);
      expect(masked.filter((v) => v === 255).length).toBeGreaterThan(400);
      expect(masked.filter((v) => v === 0).length).toBeGreaterThan(2000);
      const changed = masked.map((_, pixel) => [0, 1, 2].some((c) => before.data[pixel * 3 + c] !== after.data[pixel * 3 + c]));
      expect(masked.filter((v, pixel) => v === 0 && changed[pixel])).toEqual([]);
      expect(masked.filter((v, pixel) => v === 255 && changed[pixel]).length).toBeGreaterThan(0.9 * masked.filter((v) => v === 255).length);
      expect((outputs['saved']!['images'] as Image[])[0]!.asset.id).toBe((outputs['after']!['images'] as Image[])[0]!.asset.id);
    },
    60_000,
  );
});
