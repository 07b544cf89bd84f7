// Compare LoRAs: four models, the same prompts and noise, four different pictures of each prompt.
import { validateGraph, type Image } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRun, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('lora-compare');
});
afterAll(() => template.close());

const models = ['base', 'with-a', 'with-b', 'with-both'] as const;
const prompt = 'a smiling woman with pale skin and a black bob in a white shirt in front of a purple background';
const small = {
  prompts: { text: prompt, repeat: 4 },
  ...Object.fromEntries(models.map((id) => [id, { steps: 8 }])),
};
const drawn = (run: TemplateRun, node: string) => run.outputs[node]!['images'] as Image[];
const ids = (run: TemplateRun, node: string) => drawn(run, node).map(({ asset }) => asset.id);

describe('lora-compare', () => {
  it('is a valid graph whose samplers differ in nothing but the model', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
    for (const id of models) expect(template.graph.nodes[id]!.values).toEqual(template.graph.nodes['base']!.values);
  });

  it('draws four different pictures under the same keys, saved under names that sort by model', async () => {
    const run = await template.run(small);
    expect(run.terminal).toMatchObject({ type: 'run_succeeded' });
    for (const id of models) expect(drawn(run, id).map(({ key }) => key)).toEqual(drawn(run, 'base').map(({ key }) => key));
    expect(new Set(models.flatMap((id) => ids(run, id))).size).toBe(16);
    for (const [i, id] of models.entries()) {
      const key = drawn(run, id)[0]!.key.replace('#', '-');
      expect(template.writtenBytes(`lora-compare/${i + 1}-${id}-${key}.png`).length).toBeGreaterThan(1000);
    }
  }, 60_000);

  it('shows what the LoRAs are for: black hair becomes red with A and stays dark with B, which adds green', async () => {
    const run = await template.run(small);
    /** Mean of the upper middle of the pictures, where the hair is. */
    const hair = async (node: string): Promise<readonly [number, number, number]> => {
      const sums = [0, 0, 0];
      for (const { asset } of drawn(run, node)) {
        const { data } = await template.picture(asset);
        for (let y = 10; y < 22; y++)
          for (let x = 22; x < 42; x++) for (let c = 0; c < 3; c++) sums[c]! += data[(y * 64 + x) * 3 + c]! / (4 * 240);
      }
      return [sums[0]!, sums[1]!, sums[2]!];
    };
    const [base, red, green] = [await hair('base'), await hair('with-a'), await hair('with-b')];
    expect(red[0] - red[2]).toBeGreaterThan(base[0] - base[2] + 40);
    expect(green[1] - green[0]).toBeGreaterThan(base[1] - base[0] + 10);
  }, 60_000);

  it('at strength 0 draws what the model draws alone, bit for bit', async () => {
    const off = Object.fromEntries(['lora-a', 'lora-b', 'lora-a-less', 'lora-b-less'].map((id) => [id, { strength: 0 }]));
    const run = await template.run({ ...small, ...off });
    for (const id of models) expect(ids(run, id), id).toEqual(ids(run, 'base'));
  }, 60_000);
});
