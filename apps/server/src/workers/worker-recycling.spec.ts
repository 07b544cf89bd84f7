import { describe, expect, it } from 'vitest';
import { createRecycling } from './worker-recycling.ts';

const MB = 2 ** 20;
const held = (all: number, models = 0) => ({ all: all * MB, models: models * MB });

describe('a worker is replaced', () => {
  it('after its number of jobs', () => {
    const { after } = createRecycling({ jobs: 3, growth: 100 * MB });
    expect([1, 2, 3].map(() => after(held(200)))).toEqual([null, null, 'has done 3 jobs']);
  });
  it('when it has grown since its first jobs, which it may fill as it likes', () => {
    const { after } = createRecycling({ jobs: 1000, growth: 100 * MB });
    expect([50, 400, 500, 599, 550, 601].map((all) => after(held(all)))).toEqual([
      null,
      null,
      null,
      null,
      null,
      'has grown by 101 MB in 3 jobs',
    ]);
  });
  it('not for the models that it keeps open, but for what they leave when they are closed', () => {
    const { after } = createRecycling({ jobs: 1000, growth: 100 * MB });
    for (let i = 0; i < 3; i++) after(held(100));
    expect(after(held(900, 800))).toBeNull();
    expect(after(held(300, 0))).toBe('has grown by 200 MB in 2 jobs');
  });
});
