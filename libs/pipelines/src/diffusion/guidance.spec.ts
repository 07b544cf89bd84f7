import { createRng, float32 } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { guided } from './guidance.ts';

const rows = 2;
const values = createRng(3).normal(4 * 8);
const both = float32([4, 8], values);
const row = (data: Float32Array, i: number) => [...data.subarray(i * 8, (i + 1) * 8)];
const deviation = (x: readonly number[]) => {
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  return Math.sqrt(x.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (x.length - 1));
};

describe('guidance', () => {
  it('leads from the prediction without the text past the one with it', () => {
    const led = guided(both, 3, 0);
    expect(led.dims).toEqual([rows, 8]);
    for (let i = 0; i < 16; i++) expect(led.data[i]).toBeCloseTo(values[i]! + 3 * (values[16 + i]! - values[i]!), 5);
  });
  it('gives every row the deviation of its prediction with the text when rescaled wholly, and mixes below', () => {
    const [plain, whole, half] = [0, 1, 0.5].map((share) => guided(both, 5, share).data) as [Float32Array, Float32Array, Float32Array];
    for (const i of [0, 1]) {
      expect(deviation(row(whole, i))).toBeCloseTo(deviation(row(values, rows + i)), 5);
      row(half, i).forEach((value, at) => expect(value).toBeCloseTo((row(plain, i)[at]! + row(whole, i)[at]!) / 2, 4));
    }
  });
});
