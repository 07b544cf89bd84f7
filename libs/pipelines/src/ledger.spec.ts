import { createFakeContext, type KeptCheckpoint } from '@facewright/testing';
import { describe, expect, it } from 'vitest';
import { openLedger } from './ledger.ts';

describe('a ledger of finished work', () => {
  it('begins with what runs before it have finished', async () => {
    const kept: KeptCheckpoint = { checkpoint: null };
    const first = await openLedger<number>(createFakeContext({ kept }), 0);
    first.add('a', 1);
    expect(await first.pass()).toBe('go');
    first.add('b', 2);
    const second = await openLedger<number>(createFakeContext({ kept }), 0);
    expect([...second.finished]).toEqual([['a', 1]]);
  });
  it('saves only when time has passed, and always when the run is cancelled', async () => {
    const kept: KeptCheckpoint = { checkpoint: null };
    const stop = new AbortController();
    const ledger = await openLedger<number>(createFakeContext({ kept, signal: stop.signal }), 60);
    ledger.add('a', 1);
    await ledger.pass();
    expect(kept.checkpoint).toBeNull();
    stop.abort();
    await expect(ledger.pass()).rejects.toMatchObject({ name: 'AbortError' });
    expect(kept.checkpoint).toEqual({ data: { finished: { a: 1 } } });
  });
});
