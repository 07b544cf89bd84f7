import { describe, expect, it } from 'vitest';
import { arrange, overlaps } from './arrange.ts';

const box = (id: string, height = 100) => ({ id, width: 200, height });

describe('arrange', () => {
  it('puts every node right of what feeds it', () => {
    const links = [
      ['a', 'b'],
      ['b', 'c'],
      ['a', 'c'],
      ['d', 'c'],
    ] as const;
    const places = arrange(
      ['a', 'b', 'c', 'd'].map((id) => box(id)),
      links,
      30,
    );
    for (const [from, to] of links) expect(places.get(from)?.[0]).toBeLessThan(places.get(to)?.[0] ?? -1);
  });
  it('puts a source that is needed late beside its reader', () => {
    const places = arrange(
      ['a', 'b', 'c', 'late'].map((id) => box(id)),
      [
        ['a', 'b'],
        ['b', 'c'],
        ['late', 'c'],
      ],
      30,
    );
    expect(places.get('late')?.[0]).toBe(places.get('b')?.[0]);
  });
  it('leaves no two boxes on each other, whatever their heights', () => {
    const boxes = Array.from({ length: 30 }, (_, i) => box(`n${i}`, 40 + ((i * 97) % 300)));
    const links = boxes.slice(1).map(({ id }, i) => [`n${Math.floor(i / 2)}`, id] as const);
    expect(overlaps(boxes, arrange(boxes, links, 34), 34)).toBe(false);
  });
  it('ends on a cycle, and on a chain of ten thousand', () => {
    expect(
      arrange(
        [box('a'), box('b')],
        [
          ['a', 'b'],
          ['b', 'a'],
        ],
        30,
      ).size,
    ).toBe(2);
    const chain = Array.from({ length: 10_000 }, (_, i) => box(`n${i}`));
    const places = arrange(
      chain,
      chain.slice(1).map(({ id }, i) => [`n${i}`, id] as const),
      30,
    );
    expect(places.get('n9999')?.[0]).toBe(9999 * 270);
  });
  it('ignores links to absent nodes', () => {
    expect([
      ...arrange(
        [box('a')],
        [
          ['ghost', 'a'],
          ['a', 'ghost'],
        ],
        30,
      ).keys(),
    ]).toEqual(['a']);
  });
});

describe('overlaps', () => {
  it('counts the title above the corner', () => {
    const boxes = [box('a'), box('b')];
    expect(
      overlaps(
        boxes,
        new Map([
          ['a', [0, 0]],
          ['b', [0, 120]],
        ] as const),
        30,
      ),
    ).toBe(true);
    expect(
      overlaps(
        boxes,
        new Map([
          ['a', [0, 0]],
          ['b', [0, 131]],
        ] as const),
        30,
      ),
    ).toBe(false);
  });
});
