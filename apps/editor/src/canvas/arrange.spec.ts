import { describe, expect, it } from 'vitest';
import { arrange, makeRoom } from './arrange.ts';

const box = (id: string, height = 100) => ({ id, width: 200, height });
const overlaps = (boxes: readonly ReturnType<typeof box>[], places: ReturnType<typeof arrange>, titleHeight: number): boolean =>
  makeRoom(
    boxes.map((one) => ({ ...one, place: places.get(one.id)! })),
    titleHeight,
  ).size > 0;

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

describe('makeRoom', () => {
  const placed = (id: string, x: number, y: number, height = 100) => ({ ...box(id, height), place: [x, y] as const });
  it('leaves boxes that touch nothing where they are, their titles counted', () => {
    expect(makeRoom([placed('a', 0, 0), placed('b', 0, 131), placed('c', 210, 0)], 30).size).toBe(0);
    expect([...makeRoom([placed('a', 0, 0), placed('b', 0, 120)], 30).keys()]).toEqual(['b']);
  });
  it('moves what lies on a higher box below it, and what it then lies on as well, in their order', () => {
    const moved = makeRoom([placed('third', 0, 150), placed('first', 0, 0, 200), placed('second', 100, 100), placed('away', 400, 50)], 30);
    expect([...moved.keys()]).toEqual(['second', 'third']);
    expect(moved.get('second')).toEqual([100, 260]);
    expect(moved.get('third')).toEqual([0, 420]);
  });
});
