import { expect, it } from 'vitest';
import { toFloat32 } from './to-float32.ts';

it('widens halves exactly, subnormals, infinity and negative zero included', () => {
  const { data } = toFloat32('w', { dtype: 'float16', dims: [5], data: Uint16Array.of(0x3c00, 0x0001, 0x7c00, 0x8000, 0xc500) });
  expect([...data]).toEqual([1, 2 ** -24, Infinity, -0, -5]);
});
it('widens bfloat16 exactly', () => {
  expect([...toFloat32('w', { dtype: 'bfloat16', dims: [3], data: Uint16Array.of(0x3f80, 0xc2f7, 0x0000) }).data]).toEqual([1, -123.5, 0]);
});
it('names a tensor that holds whole numbers', () => {
  expect(() => toFloat32('position_ids', { dtype: 'int64', dims: [1], data: BigInt64Array.of(0n) })).toThrow(
    /position_ids: expected a floating element type, got int64/,
  );
});
