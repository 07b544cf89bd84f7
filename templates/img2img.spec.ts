// Image to image: strength says how much of the picture stays.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { validateGraph, type Image } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

const folder = mkdtempSync(join(tmpdir(), 'facewright-img2img-'));
let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('img2img');
});
afterAll(async () => {
  await template.close();
  rmSync(folder, { recursive: true, force: true });
});

/** What is drawn over a picture, and the picture. */
async function redraw(values: Readonly<Record<string, unknown>>, path = 'templates/example-pictures/face-1.png') {
  const { terminal, outputs } = await template.run({ redrawn: { steps: 10, ...values }, original: { path } });
  expect(terminal).toMatchObject({ type: 'run_succeeded' });
  const [before, after] = [outputs['original']!['images'], outputs['redrawn']!['images']] as [Image[], Image[]];
  return { original: await template.picture(before[0]!.asset), redrawn: await template.picture(after[0]!.asset) };
}
const meanDifference = (a: Uint8Array, b: Uint8Array) => a.reduce((sum, v, i) => sum + Math.abs(v - b[i]!), 0) / a.length;

describe('img2img', () => {
  it('is a valid graph that shows the picture beside what became of it', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
    expect(template.graph.links).toContainEqual({ from: ['original', 'images'], to: ['before', 'images'] });
    expect(template.graph.links).toContainEqual({ from: ['redrawn', 'images'], to: ['after', 'images'] });
  });

  it('gives nearly the original at strength 0, and moves away from it the further the stronger', async () => {
    const differences: number[] = [];
    for (const strength of [0, 0.3, 0.6, 0.9]) {
      const { original, redrawn } = await redraw({ strength });
      differences.push(meanDifference(original.data, redrawn.data));
    }
    // what the autoencoder of the toy set loses
    expect(differences[0]).toBeLessThan(8);
    expect(differences).toEqual([...differences].sort((a, b) => a - b));
    expect(differences[3]).toBeGreaterThan(4 * differences[0]!);
  }, 60_000);

  it('at strength 1 draws the same whatever the picture shows, and below it does not', async () => {
    // the noise of a picture depends on its name, so both have the same
    const other = join(folder, 'face-1.png');
    copyFileSync(join(import.meta.dirname, 'example-pictures/face-3.png'), other);
    const at = async (strength: number) => [await redraw({ strength }), await redraw({ strength }, other)] as const;
    const [one, two] = await at(1);
    expect(meanDifference(one.original.data, two.original.data)).toBeGreaterThan(30);
    expect(two.redrawn.data).toEqual(one.redrawn.data);
    const [third, fourth] = await at(0.5);
    expect(meanDifference(third.redrawn.data, fourth.redrawn.data)).toBeGreaterThan(5);
  }, 60_000);
});
