// Training a face score and saving it, cut down to seconds: that the machinery is right, and that the saved file opens to the same scores.
import { validateGraph, type Scores, type Training } from '@facewright/core';
import { openTensorFile } from '@facewright/weights';
import { writeFile } from 'node:fs/promises';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRun, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
const folder = mkdtempSync(join(tmpdir(), 'train-face-score-'));
beforeAll(async () => {
  template = await openTemplate('train-face-score');
});
afterAll(async () => {
  await template.close();
  rmSync(folder, { recursive: true });
});
/** Cut down: few pictures, one epoch. */
const small = { good: { count: 24 }, 'held-out': { count: 10 }, bad: { steps: 4 }, trainer: { epochs: 1, batch: 4, learningRate: 1e-3 } };
const scoresOf = (run: TemplateRun, node: string) => (run.outputs[node]!['scores'] as Scores).rows.map(({ score }) => score);

describe('train-face-score', () => {
  it('is a valid graph that trains on other pictures than it scores', () => {
    expect(validateGraph(template.graph, template.catalogue)).toEqual([]);
    const { nodes } = template.graph;
    expect(nodes['good']!.values['seed']).not.toBe(nodes['held-out']!.values['seed']);
  });

  it('trains, saves a .pt, and Load face score opens that to equal scores', { timeout: 120_000 }, async () => {
    const first = await template.run(small);
    expect(first.terminal).toMatchObject({ type: 'run_succeeded' });
    const training = first.outputs['trainer']!['training'] as Training;
    expect(training).toMatchObject({ method: 'ranking loss', settings: { frozenShare: 0.5 } });
    expect(training.settings['bestStep']).toBeGreaterThan(0);
    const after = scoresOf(first, 'after');
    expect(after.length).toBeGreaterThan(5);
    expect(after).not.toEqual(scoresOf(first, 'before'));

    for (const file of ['FS_model.pt', 'config.json', 'vocab.txt'])
      await writeFile(join(folder, file), template.writtenBytes(`face-score/${file}`));
    const { format, tensors } = await openTensorFile(join(folder, 'FS_model.pt'));
    expect(format).toBe('torch-zip');
    expect(tensors.get('blip.text_encoder.embeddings.position_ids')).toMatchObject({ dtype: 'int64' });
    const again = await template.run({ ...small, scorer: { path: folder } });
    expect(again.terminal).toMatchObject({ type: 'run_succeeded' });
    expect(scoresOf(again, 'before')).toEqual(after);
  });
});
