import { expect, it } from 'vitest';
import { createSavePace } from './save-pace.ts';

/** A training of steps of so many ms whose saving takes `cost` ms: how often it saves and the share of the time that takes. */
function work(stepMs: number, cost: number, steps: number) {
  let now = 0;
  let saves = 0;
  const pace = createSavePace(() => now);
  for (let step = 0; step < steps; step++) {
    now += stepMs;
    if (!pace.due()) continue;
    now += cost;
    pace.took(cost);
    saves++;
  }
  return { saves, share: (saves * cost) / now };
}

it.each([
  ['small models', 10, 8, 20_000],
  ['adapters', 800, 60, 2000],
  ['whole models', 4000, 15_000, 2000],
  ['slow steps', 60_000, 20_000, 100],
])('saving takes at most 5 %% of the time: %s', (_, stepMs, cost, steps) => {
  const { saves, share } = work(stepMs, cost, steps);
  expect(share).toBeLessThan(0.05);
  expect(saves).toBeGreaterThan(5);
});
it('is not due before a second of work is done', () => {
  let now = 0;
  const pace = createSavePace(() => now);
  now = 999;
  expect(pace.due()).toBe(false);
  now = 1000;
  expect(pace.due()).toBe(true);
});
