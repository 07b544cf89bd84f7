import { expect, it } from 'vitest';
import { addNoise, blur, sharpen } from './degrade.ts';
import { createRng } from './rng.ts';

const edge = { width: 16, height: 4, channels: 1 as const, data: Uint8Array.from({ length: 64 }, (_, i) => (i % 16 < 8 ? 50 : 200)) };
const jump = ({ data }: { data: Uint8Array }) => data[8]! - data[7]!;

it('softens an edge by blurring, overshoots it by sharpening, and leaves flat parts alone', () => {
  expect(jump(blur(edge, 1))).toBeLessThan(0.6 * jump(edge));
  expect(jump(sharpen(edge, 1, 1))).toBeGreaterThan(1.3 * jump(edge));
  for (const changed of [blur(edge, 1), sharpen(edge, 1, 1)]) expect([changed.data[0], changed.data[15]]).toEqual([50, 200]);
});
it('blurs by the deviation it is given: an impulse spreads to a Gaussian', () => {
  const impulse = { width: 31, height: 1, channels: 1 as const, data: Uint8Array.from({ length: 31 }, (_, i) => (i === 15 ? 255 : 0)) };
  const { data } = blur(impulse, 2);
  const total = data.reduce((a, b) => a + b, 0);
  const variance = data.reduce((sum, v, i) => sum + v * (i - 15) ** 2, 0) / total;
  // Bytes are rounded and the kernel ends at three deviations.
  expect(Math.abs(Math.sqrt(variance) - 2)).toBeLessThan(0.15);
});
it('adds noise of the deviation it is given, within bytes', () => {
  const grey = { width: 100, height: 100, channels: 1 as const, data: new Uint8Array(10_000).fill(128) };
  const { data } = addNoise(grey, 10, createRng(1));
  const variance = data.reduce((sum, v) => sum + (v - 128) ** 2, 0) / data.length;
  expect(Math.abs(Math.sqrt(variance) - 10)).toBeLessThan(0.4);
});
