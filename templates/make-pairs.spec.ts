// Make pairs: from a captioned list to pairs in a folder, with a manifest that says how each was made.
import { validateGraph, type Faces, type Image, type PairSet, type Report } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('make-pairs');
});
afterAll(() => template.close());

describe('make-pairs', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('has the setting of the paper', () => {
    const { faces, bad } = template.graph.nodes;
    expect(faces!.values['threshold']).toBe(0.9);
    expect(bad!.values).toMatchObject({ strength: 1, steps: 50, guidance: 7.5, prompt: 'A face.', margin: 0, longestSide: 0 });
    // what it leaves to the node
    const { shape, area } = template.catalogue.get('facewright/inpaint')!.definition.inputs;
    expect([shape!.default, area!.default]).toEqual(['box', 'picture']);
  });

  it('repaints what the list names, keeps the pairs that teach, and saves them with how they were made', async () => {
    const { terminal, outputs } = await template.run({ bad: { steps: 12 } });
    expect(terminal).toMatchObject({ type: 'run_succeeded' });
    const source = outputs['source']!['images'] as Image[];
    expect(source).toHaveLength(12);
    const { pairs: all } = outputs['pairs']!['pairs'] as PairSet;
    const { pairs, manifest } = outputs['filtered']!['pairs'] as PairSet;
    expect(all.length).toBeGreaterThanOrEqual(10);
    expect(pairs.length).toBeGreaterThanOrEqual(6);
    const faces = (outputs['faces']!['faces'] as Faces).images;
    for (const { key, good, bad, boxes, made } of pairs) {
      const found = faces.find(({ image }) => image.key === key)!;
      expect(found.faces.every(({ confidence }) => confidence >= 0.9)).toBe(true);
      expect(made!.score!.gap).toBeGreaterThanOrEqual(0);
      expect(made!.agreement!.overlaps.every((overlap) => overlap >= 0.5)).toBe(true);
      expect(bad.made!.settings).toMatchObject({ strength: 1, steps: 12, guidance: 7.5, shape: 'box', prompt: good.caption || 'A face.' });
      const [before, after] = [await template.picture(good.asset), await template.picture(bad.asset)];
      const changed = [...before.data.keys()].filter((i) => before.data[i] !== after.data[i]).map((i) => Math.floor(i / 3));
      const [x1, y1, x2, y2] = boxes[0]!;
      // the soft edge reaches out by a tenth of the shorter side, and by as much again where the blur ends
      const reach = Math.ceil(0.2 * Math.min(x2 - x1, y2 - y1)) + 1;
      const far = changed.filter((pixel) => {
        const [x, y] = [pixel % 64, Math.floor(pixel / 64)];
        return x < x1 - reach || x >= x2 + reach || y < y1 - reach || y >= y2 + reach;
      });
      expect(far, key).toEqual([]);
      expect(changed.length).toBeGreaterThan(200);
    }
    const leftOut = manifest['leftOut'] as Record<string, number>;
    expect(leftOut['lowGap']! + leftOut['faceGone']!).toBe(all.length - pairs.length);
    const lines = template.written('pairs/manifest.jsonl').trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { key: string }).key)).toEqual(pairs.map(({ key }) => key));
    for (const line of lines) {
      const { good, bad } = JSON.parse(line) as Record<'good' | 'bad', { file: string }>;
      for (const { file } of [good, bad]) expect(template.writtenBytes(`pairs/${file}`).length).toBeGreaterThan(500);
    }
    expect(template.written('pairs/contact-sheet.html')).toContain('Good at the left');
    expect((outputs['filtered']!['report'] as Report).summary).toBe(`${pairs.length} of ${all.length} pairs pass.`);
  }, 180_000);

  it('goes on where a cancelled run was, and ends with the same pairs', async () => {
    const settings = { bad: { steps: 4, batch: 2, seed: 5 } };
    const cancelled = await template.run(settings, (event) => event.type === 'node_progress' && event.node === 'bad' && event.done > 6000);
    expect(cancelled.terminal).toMatchObject({ type: 'run_cancelled' });
    const resumed = await template.run(settings);
    expect(resumed.terminal).toMatchObject({ type: 'run_succeeded' });
    const said = resumed.events.flatMap((event) => (event.type === 'node_log' && event.node === 'bad' ? [event.message] : []));
    expect(said).toContainEqual(expect.stringMatching(/goes on from [68] pictures/));
    const fresh = await openTemplate('make-pairs');
    try {
      expect((await fresh.run(settings)).outputs['pairs']).toEqual(resumed.outputs['pairs']);
    } finally {
      await fresh.close();
    }
  }, 120_000);
});
