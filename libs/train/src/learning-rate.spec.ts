// Learning rates and the decay of averages over the course of a training.
import { describe, expect, it } from 'vitest';
import { averageDecay } from './average-decay.ts';
import { learningRateSchedule } from './learning-rate.ts';

describe('learningRateSchedule', () => {
  it('rises to the peak in the warm-up and falls along half a cosine to the floor', () => {
    const rate = learningRateSchedule({ peak: 2, steps: 101, warmUp: 4, shape: 'cosine', floor: 0.1 });
    expect([0, 1, 2, 3].map(rate)).toEqual([0.5, 1, 1.5, 2]);
    expect(rate(4)).toBe(2);
    expect(rate(52)).toBeCloseTo(1.1, 12); // half of the fall
    expect(rate(100)).toBeCloseTo(0.2, 12);
  });

  it('falls in a line, or stays', () => {
    const line = learningRateSchedule({ peak: 1, steps: 11, shape: 'linear' });
    expect([0, 5, 10].map(line)).toEqual([1, 0.5, 0]);
    const flat = learningRateSchedule({ peak: 1, steps: 11, shape: 'constant', warmUp: 2 });
    expect([0, 1, 10].map(flat)).toEqual([0.5, 1, 1]);
  });

  it('holds the peak for a share of the steps', () => {
    const rate = learningRateSchedule({ peak: 1, steps: 101, shape: 'linear', holdUntil: 0.5 });
    expect(rate(50.5)).toBe(1);
    expect(rate(100)).toBe(0);
    expect(rate(75.5)).toBeCloseTo(0.5, 1);
  });

  it('reports everything out of range at once', () => {
    expect(() => learningRateSchedule({ peak: 0, steps: 1.5, warmUp: -1, shape: 'linear', floor: 2, holdUntil: 1 })).toThrow(
      /peak: .*\n.*steps: .*\n.*warmUp: .*\n.*floor: .*\n.*holdUntil: /,
    );
  });
});

describe('averageDecay', () => {
  it('forgets fast at first and then as it was told', () => {
    const decay = averageDecay(0.99);
    expect(decay(0)).toBe(0.1);
    expect(decay(10_000)).toBe(0.99);
  });

  it('refuses a decay that never forgets', () => {
    expect(() => averageDecay(1)).toThrow(expect.objectContaining({ code: 'TRAIN_SETTINGS' }));
  });
});
