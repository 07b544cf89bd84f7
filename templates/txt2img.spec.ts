// Text to image: the same seed draws the same picture, and the PNG brings the graph back that draws it again.
import { graphOfPicture, validateGraph, type Image } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRun, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('txt2img');
});
afterAll(() => template.close());

const small = { sampler: { steps: 3 } };
const drawn = (run: TemplateRun) => (run.outputs['sampler']!['images'] as Image[]).map(({ asset }) => asset.id);

describe('txt2img', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('draws and saves one picture for each prompt; the same seed draws it bit for bit, another seed does not', async () => {
    const first = await template.run(small);
    expect(first.terminal).toMatchObject({ type: 'run_succeeded' });
    const ids = drawn(first);
    expect(new Set(ids).size).toBe(4);
    expect((first.outputs['shown']!['images'] as Image[]).map(({ asset }) => asset.id)).toEqual(ids);
    const pixels = await template.picture((first.outputs['sampler']!['images'] as Image[])[0]!.asset);
    expect([pixels.width, pixels.height]).toEqual([64, 64]);

    // live pictures have no part in what is drawn, but make it another computation, which is not in the cache
    const again = await template.run({ sampler: { ...small.sampler, previewSteps: 0 } });
    expect(again.events).toContainEqual(expect.objectContaining({ type: 'node_started', node: 'sampler' }));
    expect(drawn(again)).toEqual(ids);
    const other = await template.run({ sampler: { ...small.sampler, seed: 19 } });
    expect(drawn(other).some((id) => ids.includes(id))).toBe(false);
  }, 60_000);

  it('writes PNGs that carry the graph with its prompts and seed; running that graph draws the same asset', async () => {
    const first = await template.run({ sampler: { ...small.sampler, seed: 77 } });
    const file = template.writtenBytes('txt2img-line-1-77.png');
    const { graph } = graphOfPicture(file);
    expect(graph?.nodes['sampler']!.values).toMatchObject({ seed: 77, steps: 3 });
    expect(graph?.nodes['prompts']).toEqual(template.graph.nodes['prompts']);
    const fresh = await openTemplate('txt2img');
    try {
      const settings = Object.fromEntries(Object.entries(graph!.nodes).map(([id, { values }]) => [id, values]));
      expect(drawn(await fresh.run(settings))).toEqual(drawn(first));
    } finally {
      await fresh.close();
    }
  }, 60_000);
});
