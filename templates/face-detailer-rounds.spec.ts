// Face detailer in rounds: a subgraph that is repeated, each round over the pictures of the one before, and one that is used twice.
import { validateDocument, type Image, type Scores } from '@facewright/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openTemplate, type TemplateRunner } from './run-template.ts';

let template: TemplateRunner;
beforeAll(async () => {
  template = await openTemplate('face-detailer-rounds');
});
afterAll(() => template.close());

describe('face-detailer-rounds', () => {
  it('is a valid graph', () => {
    expect(validateDocument(template.graph, template.catalogue)).toEqual([]);
  });

  it('repaints in every round what the one before gave, and raises the scores of smeared faces', async () => {
    const { terminal, outputs, events } = await template.run();
    expect(terminal).toMatchObject({ type: 'run_succeeded' });
    const ids = (node: string) => (outputs[node]!['images'] as Image[]).map(({ asset }) => asset.id);
    const rounds = [1, 2, 3].map((round) => ids(`detailed#${round}:repaint`));
    expect(ids('after')).toEqual(rounds[2]);
    // Four pictures with a face change each time; the one without is passed on as it is.
    for (const [i, first] of ids('before').entries())
      expect(new Set([first, ...rounds.map((round) => round[i])]).size, `picture ${i}`).toBe(i < 4 ? 4 : 1);
    const mean = (node: string) => {
      const scored = (outputs[node]!['scores'] as Scores).rows.flatMap(({ score }) => (score === null ? [] : [score]));
      expect(scored.length).toBeGreaterThanOrEqual(4);
      return scored.reduce((sum, v) => sum + v, 0) / scored.length;
    };
    expect(mean('score-after:score')).toBeGreaterThan(mean('score-before:score'));
    // The faces that the first round repaints are those that are scored: they are looked for once.
    expect(events.filter((event) => event.type === 'node_started' && event.node === 'score-before:find')).toEqual([]);

    const again = await template.run({ detailed: {} });
    expect(
      again.events
        .filter(({ type }) => type === 'node_started')
        .map((event) => (event as { node: string }).node)
        .sort(),
    ).toEqual(['saved', 'table-after', 'table-before']);
  }, 120_000);
});
