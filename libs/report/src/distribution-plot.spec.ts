import { expect, it } from 'vitest';
import { distributionPlot } from './distribution-plot.ts';

const row = (label: string, values: readonly number[], marks: readonly number[] = []) => ({
  label,
  values,
  marks: marks.map((value) => ({ value, href: '#p1', title: `value "${value}"` })),
});

it('draws a shape for each row and a link at each marked value, over one axis', () => {
  const svg = distributionPlot([row('a', [0, 1, 2], [2]), row('b & c', [10])], 'x');
  expect(svg.match(/<path class="shape"/g)).toHaveLength(2);
  expect(svg).toContain('b &#38; c');
  const at = Number(/<a href="#p1"><circle class="mark" cx="([\d.]+)"/.exec(svg)![1]);
  // from 0 to 10 over the 394 units beside the labels
  expect(at).toBeCloseTo(202 + 0.2 * 394, 0);
  expect(svg).toContain('value &#34;2&#34;');
});
it('says so where nothing was measured', () => {
  expect(distributionPlot([row('a', [])], 'x')).toContain('Nothing was measured');
  expect(distributionPlot([row('a', []), row('b', [1, 1])], 'x')).toContain('not measured');
});
