import { expect, it } from 'vitest';
import { escapeHtml, histogram, intervalPlot, niceTicks } from './plot-svg.ts';

it('escapes what could end a text or an attribute', () => {
  expect(escapeHtml(`<b a="1">'&`)).not.toMatch(/[<>"']/);
});
it('puts round ticks inside the range', () => {
  expect(niceTicks(-0.03, 0.11)).toEqual([0, 0.05, 0.1]);
  expect(niceTicks(0, 10)).toEqual([0, 2, 4, 6, 8, 10]);
});
it('says so where there is nothing to compare', () => {
  expect(
    intervalPlot([{ label: 'A', interval: { estimate: Number.NaN, low: Number.NaN, high: Number.NaN }, tone: 'neutral' }], 'x'),
  ).toContain('nothing to compare');
});
it('draws one outline a series', () => {
  expect(
    histogram(
      [
        { label: 'a', values: [1, 2, 3] },
        { label: 'b', values: [2, 3, 4] },
      ],
      'x',
    ).match(/<path/g),
  ).toHaveLength(2);
});
