import type { BlindTask, Vote } from '@facewright/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AskFailed, type JudgeApi } from './judge-api.ts';
import { Judging } from './judging.ts';
import { commandOf } from './keys.ts';
import { Pace } from './pace.ts';
import { keptInBrowser, VoteQueue, type Kept } from './vote-queue.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

const taskOf = (...choices: readonly BlindTask['sets'][number]['choice'][]): BlindTask => ({
  question: 'Which?',
  annotator: 'Ada',
  sets: choices.map((choice, i) => ({ set: 10 + i, caption: `c${i}`, pictures: i === 1 ? 3 : 2, choice })),
});
function fakeServer(task: BlindTask) {
  const got: Vote[] = [];
  const server = { away: false, gone: false, refuse: false, requests: 0 };
  const api: JudgeApi = {
    async task() {
      if (server.away) throw new AskFailed('away', '');
      if (server.gone) throw new AskFailed('gone', '');
      return task;
    },
    async vote(votes) {
      server.requests += 1;
      if (server.away) throw new AskFailed('away', '');
      if (server.gone) throw new AskFailed('gone', '');
      if (server.refuse) throw new AskFailed('refused', '');
      got.push(...votes);
    },
    picture: (set, shown) => `${set}/${shown}`,
  };
  return { api, server, got };
}
function memory(votes: readonly Vote[] = []): Kept & { votes: readonly Vote[] } {
  const kept = { votes, load: () => kept.votes, save: (all: readonly Vote[]) => void (kept.votes = all) };
  return kept;
}
let ids = 0;
const open = async (task: BlindTask, kept = memory()) => {
  const fake = fakeServer(task);
  const judging = new Judging(
    fake.api,
    kept,
    () => {},
    () => `id${ids++}`,
  );
  await judging.start();
  return { judging, kept, ...fake };
};
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('judging', () => {
  it('begins at the first set that is not judged, goes to the next open one, around, and ends when there is none', async () => {
    const { judging, got } = await open(taskOf(0, null, 'tie', null));
    expect([judging.set?.set, judging.judged]).toEqual([11, 2]);
    judging.next();
    expect(judging.set?.set).toBe(13);
    judging.choose(1);
    judging.next();
    expect(judging.set?.set).toBe(11);
    judging.choose('no face');
    judging.next();
    expect([judging.phase.kind, judging.judged]).toEqual(['finished', 4]);
    await settle();
    expect(got.map(({ set, choice }) => [set, choice])).toEqual([
      [13, 1],
      [11, 'no face'],
    ]);
  });
  it('changes its mind as often as it likes, sends each change once, and takes no picture that is not there', async () => {
    const { judging, got } = await open(taskOf(null, null));
    expect([judging.choose(2), judging.choice]).toEqual([false, null]);
    judging.choose(0);
    judging.choose(1);
    judging.choose(1);
    await settle();
    expect(judging.choice).toBe(1);
    expect(got.map(({ choice }) => choice)).toEqual([0, 1]);
    expect(new Set(got.map(({ id }) => id)).size).toBe(2);
  });
  it('takes judgements back in the order in which they were made, also those from before and from the end', async () => {
    const { judging, got } = await open(taskOf('tie', null));
    judging.choose(2);
    judging.next();
    judging.undo();
    expect([judging.set?.set, judging.choice]).toEqual([11, null]);
    judging.undo();
    expect([judging.set?.set, judging.choice, judging.canUndo, judging.judged]).toEqual([10, null, false, 0]);
    judging.undo();
    await settle();
    expect(got.map(({ set, choice }) => [set, choice])).toEqual([
      [11, 2],
      [11, null],
      [10, null],
    ]);
  });
  it('loads the pictures of the next open sets ahead', async () => {
    const { judging } = await open(taskOf(null, 0, null, null));
    expect(judging.ahead(2)).toEqual(['12/0', '12/1', '13/0', '13/1']);
  });
  it('says that a link does not work, or that the server is away, and starts when it comes back', async () => {
    const { judging, server } = await open(taskOf());
    expect(judging.phase.kind).toBe('finished');
    for (const why of ['gone', 'away'] as const) {
      server[why] = true;
      await judging.start();
      expect(judging.phase).toEqual({ kind: 'failed', why });
      server[why] = false;
    }
    await judging.start();
    expect(judging.phase.kind).toBe('finished');
  });
  it('counts what the server does not have yet, and sends it', async () => {
    const kept = memory([
      { id: 'a', set: 10, choice: 1 },
      { id: 'b', set: 11, choice: null },
    ]);
    const { judging, got } = await open(taskOf(null, 0), kept);
    expect([judging.judged, judging.set?.set]).toEqual([1, 11]);
    await settle();
    expect(got.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(kept.votes).toEqual([]);
  });
});

describe('votes on their way', () => {
  const vote = (id: string): Vote => ({ id, set: 0, choice: 0 });
  it('are kept while the server is away, sent in order when it is back, and tried again ever more rarely', async () => {
    const { api, server, got } = fakeServer(taskOf());
    const kept = memory();
    const queue = new VoteQueue(api, kept, () => {});
    server.away = true;
    queue.add(vote('a'));
    queue.add(vote('b'));
    await settle();
    expect([queue.state, kept.votes.length]).toEqual([{ kind: 'waiting', votes: 2 }, 2]);
    await vi.advanceTimersByTimeAsync(120_000);
    // Again after 1, 2, 4, 8, 16 and then every 30 seconds.
    expect(server.requests).toBe(1 + 5 + 2);
    server.away = false;
    await vi.advanceTimersByTimeAsync(30_000);
    expect(got.map(({ id }) => id)).toEqual(['a', 'b']);
    expect([queue.state, kept.votes]).toEqual([{ kind: 'saved' }, []]);
  });
  it('go at once when a new one comes while waiting, and at most a thousand together', async () => {
    const { api, server, got } = fakeServer(taskOf());
    const queue = new VoteQueue(api, memory(Array.from({ length: 2300 }, (_, i) => vote(`v${i}`))), () => {});
    server.away = true;
    await queue.send();
    server.away = false;
    queue.add(vote('last'));
    await settle();
    expect(server.requests).toBe(4);
    expect([got.length, got.at(-1)?.id]).toEqual([2301, 'last']);
  });
  it('stay in the browser when the link was withdrawn or the server refuses them', async () => {
    for (const [how, why] of [
      ['gone', 'gone'],
      ['refuse', 'refused'],
    ] as const) {
      const { api, server } = fakeServer(taskOf());
      const kept = memory();
      const queue = new VoteQueue(api, kept, () => {});
      server[how] = true;
      queue.add(vote('a'));
      await vi.advanceTimersByTimeAsync(60_000);
      expect([queue.state, kept.votes.length, server.requests]).toEqual([{ kind: 'stuck', votes: 1, why }, 1, 1]);
    }
  });
  it('survive a reload, and a storage that is damaged, full or forbidden', () => {
    const items = new Map<string, string>();
    const storage = {
      getItem: (key: string) => items.get(key) ?? null,
      setItem: (key: string, value: string) => void items.set(key, value),
      removeItem: (key: string) => void items.delete(key),
    };
    keptInBrowser('x', () => storage).save([vote('a')]);
    expect(keptInBrowser('x', () => storage).load()).toEqual([vote('a')]);
    items.set('x', '{damaged');
    expect(keptInBrowser('x', () => storage).load()).toEqual([]);
    const forbidden = keptInBrowser('x', () => {
      throw new Error('SecurityError');
    });
    forbidden.save([vote('a')]);
    expect(forbidden.load()).toEqual([]);
  });
});

describe('keys', () => {
  const press = (key: string, pictures = 3, more = {}) =>
    commandOf({ key, ctrlKey: false, metaKey: false, altKey: false, ...more }, pictures);
  it('choose by number and by side', () => {
    expect(['1', '2', '3', 'ArrowLeft', 'ArrowDown', 'ArrowUp', 'ArrowRight'].map((key) => press(key))).toEqual(
      [0, 1, 2, 0, 1, 1, 2].map((choose) => ({ choose })),
    );
    expect(['1', '2', '3', 'ArrowLeft', 'ArrowDown', 'ArrowRight'].map((key) => press(key, 2))).toEqual([
      { choose: 0 },
      { choose: 1 },
      null,
      { choose: 0 },
      null,
      { choose: 1 },
    ]);
  });
  it('say tie, no face, back and next, and leave the rest and shortcuts to the browser', () => {
    expect(['0', ' ', 'n', 'N', 'u', 'Backspace', 'Enter'].map((key) => press(key))).toEqual([
      { choose: 'tie' },
      { choose: 'tie' },
      { choose: 'no face' },
      { choose: 'no face' },
      'undo',
      'undo',
      'next',
    ]);
    expect([press('x'), press('Tab'), press('1', 3, { ctrlKey: true }), press('ArrowLeft', 3, { altKey: true })]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });
});

it('the time left is the median of what sets took, without pauses, once there is enough to tell', () => {
  const pace = new Pace();
  let now = 0;
  for (const step of [0, 2000, 3000, 500_000, 4000, 3000]) pace.tick((now += step));
  expect(pace.minutesFor(10)).toBe(null);
  pace.tick((now += 90));
  expect(pace.minutesFor(20)).toBe(1);
});
