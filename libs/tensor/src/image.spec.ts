import { expect, it } from 'vitest';
import { imagesToTensor, tensorToImages } from './image.ts';

const picture = { width: 2, height: 1, channels: 3 as const, data: Uint8Array.of(0, 128, 255, 10, 20, 30) };

it('lays pictures out channel by channel', () => {
  const { dims, data } = imagesToTensor([picture], (byte) => byte);
  expect(dims).toEqual([1, 3, 1, 2]);
  expect([...data]).toEqual([0, 10, 128, 20, 255, 30]);
});
it('gives the same bytes back', () => {
  const tensor = imagesToTensor([picture, picture], (byte) => byte / 127.5 - 1);
  expect(tensorToImages(tensor, -1, 1)).toEqual([picture, picture]);
});
it('clamps values outside the range', () => {
  expect([...tensorToImages({ dims: [1, 1, 1, 2], data: Float32Array.of(-3, 7) }, -1, 1)[0]!.data]).toEqual([0, 255]);
});
