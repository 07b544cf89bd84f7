import { expect, it } from 'vitest';
import { recent } from './recent.ts';

it('keeps the last few values, and no failure', async () => {
  const values = new Map<string, Promise<string>>();
  const made: string[] = [];
  const ask = (key: string) =>
    recent(values, key, async () => {
      made.push(key);
      if (key === 'bad') throw new Error('no');
      return key.toUpperCase();
    });
  expect(await Promise.all(['a', 'b', 'a', 'c', 'd'].map(ask))).toEqual(['A', 'B', 'A', 'C', 'D']);
  await ask('e'); // b was asked longest ago
  await ask('a');
  await ask('b');
  expect(made).toEqual(['a', 'b', 'c', 'd', 'e', 'b']);
  await expect(ask('bad')).rejects.toThrow('no');
  await expect(ask('bad')).rejects.toThrow('no');
  expect(made.filter((key) => key === 'bad')).toHaveLength(2);
});
