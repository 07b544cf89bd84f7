import { describe, expect, it } from 'vitest';
import { bytesToKeep } from './bytes-to-keep.ts';

const GB = 1e9;
const held = { memory: 8 * GB, parameters: 1e9, trained: 1e8 };

describe('what a training may keep of its forward pass', () => {
  it('is all or nothing where that is asked for', () => {
    expect([bytesToKeep('off', held), bytesToKeep('on', held)]).toEqual([Infinity, 0]);
  });
  it('is by itself two thirds of what weights, moments and gradients leave of the memory', () => {
    // 0.9e9 frozen numbers, 1e8 trained ones with gradient and two moments.
    expect(bytesToKeep('auto', held)).toBeCloseTo(((8 - 3.6 - 1.6) * GB * 2) / 3, -3);
    expect(bytesToKeep('auto', { ...held, copies: 2 })).toBeCloseTo(((8 - 3.6 - 2.4) * GB * 2) / 3, -3);
  });
  it('is nothing where these fill it, and all where nobody knows how much there is', () => {
    expect(bytesToKeep('auto', { ...held, memory: 5 * GB })).toBe(0);
    expect(bytesToKeep('auto', { ...held, memory: Infinity })).toBe(Infinity);
  });
});
