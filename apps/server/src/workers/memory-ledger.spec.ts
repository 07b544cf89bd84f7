import { describe, expect, it } from 'vitest';
import { createMemoryLedger, type Need } from './memory-ledger.ts';

const GB = 2 ** 30;
const need = (gigabytes: number): Need => ({ bytes: gigabytes * GB, basis: `it took ${gigabytes} GB before` });

/** A ledger of so many gigabytes; jobs are told by name when they begin. */
function jobs(gigabytes: number) {
  const ledger = createMemoryLedger(() => gigabytes * GB);
  const begun: string[] = [];
  const told: string[] = [];
  return {
    begun,
    told,
    async enter(name: string, of: Need | null) {
      const { room, leave } = ledger.enter(of, (message) => told.push(message));
      void room.then(() => begun.push(name));
      await Promise.resolve();
      return leave;
    },
  };
}

describe('the memory ledger', () => {
  it('lets in what fits, and what does not fit when others have ended', async () => {
    const { begun, told, enter } = jobs(10);
    const leave = [await enter('a', need(4)), await enter('b', need(5)), await enter('c', need(3))];
    expect(begun).toEqual(['a', 'b']);
    expect(told).toEqual([
      'memory: waits for other jobs to end: it took 3 GB before, they are expected to take 9.0 GB, and there are 10.0 GB',
    ]);
    leave[0]!();
    await Promise.resolve();
    expect(begun).toEqual(['a', 'b', 'c']);
  });
  it('lets a job that is said to be too large have the machine for itself', async () => {
    const { begun, told, enter } = jobs(10);
    const leave = await enter('small', need(1));
    const leaveLarge = await enter('large', need(20));
    expect(begun).toEqual(['small']);
    leave();
    await Promise.resolve();
    expect(begun).toEqual(['small', 'large']);
    await enter('beside', need(1));
    expect(begun).toEqual(['small', 'large']);
    leaveLarge();
    await Promise.resolve();
    expect(begun).toEqual(['small', 'large', 'beside']);
    expect(told[0]).toMatch(/^memory: waits/);
  });
  it('says before it begins that a job may not fit', async () => {
    const { begun, told, enter } = jobs(10);
    await enter('large', need(20));
    expect(begun).toEqual(['large']);
    expect(told).toEqual(['memory: it took 20 GB before, and there are 10.0 GB; it is tried all the same, and no other job beside it']);
  });
  it('does not let small jobs overtake a large one for ever', async () => {
    const { begun, enter } = jobs(10);
    const leave = await enter('first', need(6));
    await enter('large', need(8));
    await enter('small', need(1));
    expect(begun).toEqual(['first']);
    leave();
    await Promise.resolve();
    expect(begun).toEqual(['first', 'large', 'small']);
  });
  it('counts nothing for a job of which nothing is known, and nothing for one that left before it began', async () => {
    const { begun, told, enter } = jobs(10);
    await enter('a', need(9));
    await enter('unknown', null);
    const leave = await enter('gone', need(5));
    leave();
    await enter('b', need(1));
    expect(begun).toEqual(['a', 'unknown', 'b']);
    expect(told).toHaveLength(1);
  });
});
