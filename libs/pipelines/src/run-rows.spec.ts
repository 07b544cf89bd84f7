import { float32, int64, type Session, type Tensor } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { keyedSeed } from './keyed-seed.ts';
import { firstRows, gatherRows, runRows, stackRows } from './run-rows.ts';

/** Doubles x and adds n to every number of its row; remembers the sizes it ran at. */
function doubling() {
  const sizes: number[] = [];
  const open = async (batch: number): Promise<Session> => ({
    inputs: [],
    outputs: [],
    readState: async () => ({}),
    release: async () => {},
    run: async ({ x, n }) => {
      sizes.push(batch);
      expect(x!.dims[0]).toBe(batch);
      const numbers = n!.data as BigInt64Array;
      return {
        y: float32(
          x!.dims,
          (x!.data as Float32Array).map((value, i) => 2 * value + Number(numbers[Math.floor(i / 2)])),
        ),
      };
    },
  });
  return { sizes, open };
}
const feeds = (rows: number) => ({
  x: float32(
    [rows, 2],
    Float32Array.from({ length: rows * 2 }, (_, i) => i),
  ),
  n: int64(
    [rows],
    Array.from({ length: rows }, (_, i) => 100 * i),
  ),
});
const wanted = (rows: number) => Array.from({ length: rows * 2 }, (_, i) => 2 * i + 100 * Math.floor(i / 2));
const { signal } = new AbortController();

describe('running rows', () => {
  it.each([
    [1, 4, [1]],
    [4, 4, [4]],
    [5, 4, [3, 3]],
    [9, 4, [3, 3, 3]],
    [10, 4, [4, 4, 4]],
  ])('spreads %d rows evenly over runs of at most %d', async (rows, batch, sizes) => {
    const graph = doubling();
    const { y } = await runRows(feeds(rows), { batch, signal, open: graph.open });
    expect([...y!.data]).toEqual(wanted(rows));
    expect(y!.dims).toEqual([rows, 2]);
    expect(graph.sizes).toEqual(sizes);
  });
  it('fills every run up where the graph takes one size only', async () => {
    const graph = doubling();
    const { y } = await runRows(feeds(5), { batch: 4, exact: true, signal, open: graph.open });
    expect([...y!.data]).toEqual(wanted(5));
    expect(graph.sizes).toEqual([4, 4]);
  });
  it('stops between runs when it is cancelled', async () => {
    const stop = new AbortController();
    const graph = doubling();
    const open = async (batch: number) => {
      const session = await graph.open(batch);
      return {
        ...session,
        run: async (tensors: Readonly<Record<string, Tensor>>) => {
          stop.abort();
          return session.run(tensors);
        },
      };
    };
    await expect(runRows(feeds(8), { batch: 4, signal: stop.signal, open })).rejects.toMatchObject({ name: 'AbortError' });
    expect(graph.sizes).toEqual([4]);
  });
  it('gathers, stacks and takes rows', () => {
    const x = float32([3, 2], [1, 2, 3, 4, 5, 6]);
    expect(gatherRows(x, [2, 0, 2])).toEqual(float32([3, 2], [5, 6, 1, 2, 5, 6]));
    expect(stackRows([x, firstRows(x, 1)])).toEqual(float32([4, 2], [1, 2, 3, 4, 5, 6, 1, 2]));
    expect(firstRows(x, 9)).toEqual(x);
  });
});

describe('the seed of a name', () => {
  it('is a whole number of 32 bits that seed and name both decide', () => {
    const seeds = [keyedSeed(1, 'a'), keyedSeed(2, 'a'), keyedSeed(1, 'b'), keyedSeed(1, ':a'), keyedSeed(11, 'a')];
    expect(new Set(seeds).size).toBe(5);
    for (const seed of seeds) expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true);
    expect(keyedSeed(1, 'a')).toBe(seeds[0]);
  });
  it('has few collisions: no more than chance among ten thousand', () => {
    const seeds = new Set(Array.from({ length: 10_000 }, (_, i) => keyedSeed(i % 10, `scene-${Math.floor(i / 10)}`)));
    expect(seeds.size).toBeGreaterThanOrEqual(9_999);
  });
});
