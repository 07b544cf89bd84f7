// The face-quality loop, cut down to seconds: that the machinery is right, never that the method wins.
import { validateGraph, type Image, type Model, type PairSet, type Report, type Training } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRun, type TemplateRunner } from './run-template.ts';
import { smallLoop } from '@facewright/testing';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('face-quality-loop');
});
afterAll(() => template.close());

const pictures = (run: TemplateRun, node: string) => run.outputs[node]!['images'] as Image[];

describe('face-quality-loop', () => {
  it('is a valid graph', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
  });

  it('trains on other pictures than it measures with, and gives tuned model and rival the same steps and seed', () => {
    const { nodes } = template.graph;
    expect(nodes['good']!.values['seed']).not.toBe(nodes['held-out']!.values['seed']);
    for (const key of ['steps', 'seed', 'batch', 'learningRate'])
      expect(nodes['rival']!.values[key], key).toBe(nodes['tuned']!.values[key]);
    expect(nodes['rival']!.values).toMatchObject({ guidanceWeight: 0, diffusionWeight: 1 });
    const samplers = ['base-pictures', 'tuned-pictures', 'rival-pictures'].map((id) => nodes[id]!.values);
    expect(samplers[1]).toEqual(samplers[0]);
    expect(samplers[2]).toEqual(samplers[0]);
  });

  it('runs from pictures to a report, then finds everything stored', async () => {
    const first = await template.run(smallLoop);
    expect(first.terminal).toMatchObject({ type: 'run_succeeded' });

    const { pairs, manifest } = first.outputs['pairs']!['pairs'] as PairSet;
    expect(pairs.length).toBeGreaterThanOrEqual(20);
    expect(manifest).toMatchObject({ pairs: pairs.length });

    const base = pictures(first, 'base-pictures');
    const captions = new Set(pictures(first, 'good').map(({ caption }) => caption));
    expect(base).toHaveLength(6);
    for (const node of ['tuned-pictures', 'rival-pictures']) {
      expect(pictures(first, node).map(({ key }) => key)).toEqual(base.map(({ key }) => key));
      expect(pictures(first, node).map(({ asset }) => asset.id)).not.toEqual(base.map(({ asset }) => asset.id));
    }
    expect(base.filter(({ caption }) => captions.has(caption)).length).toBeLessThan(base.length);

    for (const [node, method] of [
      ['tuned', 'guidance loss'],
      ['rival', 'plain fine-tuning'],
    ] as const) {
      const { training, model } = first.outputs[node]! as { training: Training; model: Model<'diffusion'> };
      expect(training).toMatchObject({ method, steps: 3 });
      expect(model.components['unet']!.weights).not.toEqual((first.outputs['diffusion']!['model'] as Model).components['unet']!.weights);
      const curve = new TextDecoder()
        .decode(await template.read(training.metrics))
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as { name: string; value: number });
      expect(curve.filter(({ name }) => name === 'loss')).toHaveLength(3);
      expect(curve.every(({ value }) => Number.isFinite(value))).toBe(true);
    }

    const report = first.outputs['report']!['report'] as Report;
    const json = JSON.parse(new TextDecoder().decode(await template.read(report.json))) as {
      verdict: { headline: string };
      comparisons: { measure: string; pairs: number; difference: { estimate: number; low: number; high: number } }[];
    };
    expect(json.verdict.headline.length).toBeGreaterThan(10);
    expect(report.summary).toContain(json.verdict.headline);
    for (const {
      difference: { estimate, low, high },
    } of json.comparisons)
      expect([estimate, low, high].every(Number.isFinite)).toBe(true);
    expect(new Set(json.comparisons.map(({ measure }) => measure)).size).toBeGreaterThanOrEqual(4);
    expect(new TextDecoder().decode(await template.read(report.html))).toMatch(/<html[\s\S]*data:image\/png/);

    const second = await template.run(smallLoop);
    expect(second.terminal).toMatchObject({ type: 'run_succeeded' });
    expect(second.events.filter(({ type }) => type === 'node_started')).toEqual([]);
    expect(second.outputs).toEqual(first.outputs);
  }, 300_000);
});
