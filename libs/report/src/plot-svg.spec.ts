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
it('stands the line where nothing differs, also when no interval reaches it', () => {
  const at = (reference?: number) => {
    const svg = intervalPlot([{ label: 'A', interval: { estimate: 60, low: 55, high: 65 }, tone: 'good' }], 'x', reference);
    const [, x1, x2] = /<line class="zero" x1="([^"]+)" x2="([^"]+)"/.exec(svg)!;
    return [x1 === x2, Number(/cx="([^"]+)"/.exec(svg)![1]) - Number(x1)] as const;
  };
  for (const [upright, right] of [at(), at(50)]) expect([upright, right > 0]).toEqual([true, true]);
  // From 50 to 65 the dot stands at two thirds, from 0 to 65 at 60 / 65.
  expect(at(50)[1] / at()[1]).toBeCloseTo(10 / 15 / (60 / 65), 6);
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
