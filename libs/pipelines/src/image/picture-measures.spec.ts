import { addNoise, blur, createRng } from '@facewright/tensor';
import { expect, it } from 'vitest';
import { contrast, luminance, sharpness } from './picture-measures.ts';

const picture = (of: (x: number, y: number) => number, size = 32) => ({
  width: size,
  height: size,
  channels: 3 as const,
  data: Uint8Array.from({ length: size * size * 3 }, (_, i) => of(Math.floor(i / 3) % size, Math.floor(i / 3 / size))),
});
const edge = picture((x) => (x < 16 ? 40 : 220));

it('weighs channels by Rec. 601', () => {
  const [y] = luminance({ width: 1, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0) });
  expect(y).toBeCloseTo(0.299, 6);
});
it('finds a flat picture neither sharp nor contrasty', () => {
  const flat = picture(() => 128);
  expect(sharpness(flat)).toBeCloseTo(0, 6);
  expect(contrast(flat)).toBeCloseTo(0, 6);
});
it('finds a blurred edge less sharp and a noised one sharper', () => {
  expect(sharpness(blur(edge, 0.9))).toBeLessThan(0.5 * sharpness(edge));
  expect(
    sharpness(
      addNoise(
        picture(() => 128),
        12,
        createRng(1),
      ),
    ),
  ).toBeGreaterThan(0.1);
});
it('gives contrast as the standard deviation of luminance', () => {
  expect(contrast(edge)).toBeCloseTo((220 - 40) / 2 / 255, 5);
});
