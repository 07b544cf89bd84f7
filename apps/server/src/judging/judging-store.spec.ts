import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judgingName, type JudgingTask } from '@facewright/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder, type DataFolder } from '../data/data-folder.ts';
import { placesFor, setsInOrder } from './judging-order.ts';
import type { JudgingStore } from './judging-store.ts';

let folder: string, data: DataFolder, store: JudgingStore;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'judging-spec-'));
  data = openDataFolder(folder);
  store = data.judging;
});
afterAll(() => {
  data.close();
  rmSync(folder, { recursive: true });
});

const image = (name: string) => ({
  asset: { id: `sha256:${Buffer.from(name).toString('hex').padEnd(64, '0')}`, mediaType: 'image/png', bytes: 1 },
  width: 8,
  height: 8,
  key: name,
  caption: 'secret',
});
const taskOf = (sets: number, change: Partial<JudgingTask> = {}): JudgingTask => ({
  name: 'faces',
  question: 'Which face is better?',
  showCaptions: true,
  seed: 7,
  labels: ['base', 'tuned', 'rival'],
  sets: Array.from({ length: sets }, (_, i) => ({
    key: `prompt-${i}`,
    caption: `a face ${i}`,
    images: ['base', 'tuned', 'rival'].map((label) => image(`${label}${i}`)),
  })),
  ...change,
});
const code = (name: string) => expect.objectContaining({ code: name });

let token: string;
beforeEach(() => {
  for (const { name } of store.list()) store.remove(name);
  token = store.publish(taskOf(6))!;
});
/** Votes for the picture that comes from a place of the task, wherever it is shown. */
const choose = (of: string, set: number, place: number, id = `${set}-${place}-${of}`) =>
  store.vote(of, [{ id, set, choice: placesFor(7, of, set, 3).indexOf(place) }]);

describe('a judging task', () => {
  it('is put up once: the same again keeps link and votes, other pictures are refused once somebody voted', () => {
    expect(store.publish(taskOf(6))).toBe(token);
    const replaced = store.publish(taskOf(5))!;
    expect(replaced).not.toBe(token);
    expect(store.list()).toMatchObject([{ name: 'faces', sets: 5 }]);
    choose(replaced, 0, 1);
    expect(() => store.publish(taskOf(6))).toThrow(code('ENGINE_JUDGING_CHANGED'));
    const before = store.blindTask(replaced);
    expect(store.publish(taskOf(5, { question: 'Which one?', seed: 8 }))).toBe(replaced);
    // Another seed would give open pages other places.
    expect(store.blindTask(replaced)).toEqual({ ...before, question: 'Which one?' });
    expect(store.read('faces').sets[0]!.votes).toEqual([{ annotator: 'Annotator 1', choice: 1 }]);
  });
  it('gives annotators nothing that tells where a picture comes from', () => {
    const sent = JSON.stringify(store.blindTask(token));
    expect(sent).not.toMatch(/base|tuned|rival|sha256|secret|prompt-/);
    expect(
      store
        .blindTask(token)
        .sets.map(({ caption }) => caption)
        .sort(),
    ).toEqual(taskOf(6).sets.map(({ caption }) => caption));
    store.publish(taskOf(6, { showCaptions: false }));
    expect(store.blindTask(token).sets.every(({ caption }) => caption === '')).toBe(true);
  });
  it('shows every set and every picture once to each annotator, in an order of their own that stays', () => {
    const other = store.addAnnotator('faces', 'Ada').token;
    const orders = [token, other].map((of) => store.blindTask(of).sets.map(({ set }) => set));
    for (const order of orders) expect(order.toSorted()).toEqual([0, 1, 2, 3, 4, 5]);
    expect(store.blindTask(token).sets.map(({ set }) => set)).toEqual(orders[0]);
    expect(setsInOrder(7, 'a', 50)).not.toEqual(setsInOrder(7, 'b', 50));
    const shown = [0, 1, 2].map((at) => store.pictureOf(token, 3, at));
    expect(shown.toSorted()).toEqual(
      taskOf(6)
        .sets[3]!.images.map(({ asset }) => asset.id)
        .sort(),
    );
    expect(() => store.pictureOf(token, 3, 3)).toThrow(code('SERVER_NO_SUCH'));
    expect(() => store.pictureOf(token, 6, 0)).toThrow(code('SERVER_NO_SUCH'));
  });
  it('puts each picture at each side about equally often', () => {
    const first = Array.from({ length: 600 }, (_, set) => placesFor(7, 'token', set, 3)[0]!);
    // Binomial(600, 1/3): 150 and 250 are over four standard deviations away.
    for (const place of [0, 1, 2]) {
      const count = first.filter((at) => at === place).length;
      expect(count).toBeGreaterThan(150);
      expect(count).toBeLessThan(250);
    }
  });
});

describe('votes', () => {
  it('are kept by the picture that was meant, wherever it was shown, and come back as shown', () => {
    choose(token, 0, 2);
    const other = store.addAnnotator('faces', 'Ada').token;
    choose(other, 0, 2);
    expect(store.read('faces').sets[0]!.votes).toEqual([
      { annotator: 'Annotator 1', choice: 2 },
      { annotator: 'Ada', choice: 2 },
    ]);
    expect(store.blindTask(token).sets.find(({ set }) => set === 0)!.choice).toBe(placesFor(7, token, 0, 3).indexOf(2));
  });
  it('count once however often they are sent, the last one of a set counts, and null takes back', () => {
    expect(store.vote(token, [{ id: 'a', set: 1, choice: 'tie' }])).toBe(1);
    expect(store.vote(token, [{ id: 'b', set: 1, choice: 'no face' }])).toBe(1);
    expect(store.vote(token, [{ id: 'a', set: 1, choice: 'tie' }])).toBe(1);
    expect(store.read('faces').sets[1]!.votes).toEqual([{ annotator: 'Annotator 1', choice: 'no face' }]);
    expect(store.vote(token, [{ id: 'c', set: 1, choice: null }])).toBe(0);
    expect(store.read('faces').sets[1]!.votes).toEqual([]);
    expect(store.list()[0]!.annotators[0]!.judged).toBe(0);
  });
  it('are stored together or not at all', () => {
    const votes = [
      { id: 'good', set: 0, choice: 0 as const },
      { id: 'bad', set: 9, choice: 0 as const },
    ];
    expect(() => store.vote(token, votes)).toThrow(code('SERVER_NO_SUCH'));
    expect(() => store.vote(token, [votes[0]!, { id: 'worse', set: 1, choice: 3 }])).toThrow(code('SERVER_BAD_REQUEST'));
    expect(store.list()[0]!.annotators[0]!.judged).toBe(0);
  });
  it('stay when a link is withdrawn, and the link no longer works', () => {
    choose(token, 0, 1);
    store.withdraw('faces', token);
    expect(store.publish(taskOf(6))).toBe(null);
    for (const act of [
      () => store.blindTask(token),
      () => store.pictureOf(token, 0, 0),
      () => choose(token, 1, 1),
      () => store.blindTask('made-up'),
    ])
      expect(act).toThrow(code('SERVER_NO_SUCH'));
    expect(store.read('faces').sets[0]!.votes).toHaveLength(1);
    expect(() => store.addAnnotator('faces', 'Annotator 1')).toThrow(code('SERVER_BAD_REQUEST'));
    expect(() => store.withdraw('faces', 'made-up')).toThrow(code('SERVER_NO_SUCH'));
  });
  it('are what the fingerprint of a task follows', async () => {
    const seen = [await data.fingerprint(judgingName('other'))];
    seen.push(await data.fingerprint(judgingName('faces')));
    choose(token, 0, 1);
    seen.push(await data.fingerprint(judgingName('faces')));
    expect(seen[0]).toBe('nothing');
    expect(new Set(seen).size).toBe(3);
    expect(await data.fingerprint(judgingName('faces'))).toBe(seen[2]);
  });
  it('go with their task when it is deleted, and a task that is not there is said, with those that are', () => {
    choose(token, 0, 1);
    expect(() => store.read('other')).toThrow(
      expect.objectContaining({ code: 'ENGINE_MISSING_JUDGING', message: expect.stringContaining('faces') }),
    );
    store.remove('faces');
    expect(() => store.remove('faces')).toThrow(code('SERVER_NO_SUCH'));
    for (const table of ['judging_sets', 'judging_annotators', 'judging_votes'])
      expect(data.database.prepare(`SELECT count(*) AS n FROM ${table}`).get()).toEqual({ n: 0 });
  });
});
