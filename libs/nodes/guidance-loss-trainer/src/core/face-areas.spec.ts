// The part of a picture that its face takes up.
import { describe, expect, it } from 'vitest';
import { faceArea } from './face-areas.ts';

const size = { width: 100, height: 60 };
describe('the area of a face', () => {
  it('is the square around the largest box', () => {
    expect(
      faceArea(
        [
          [1, 1, 3, 3],
          [40, 20, 60, 30],
        ],
        size,
      ),
    ).toEqual([40, 15, 60, 35]);
  });
  it('is moved into the picture', () => {
    expect(faceArea([[90, 30, 100, 60]], size)).toEqual([70, 30, 100, 60]);
    expect(faceArea([[-10, 0, 10, 10]], size)).toEqual([0, 0, 20, 20]);
  });
  it('is the whole picture without a box, with an empty one and with one that is as large', () => {
    expect(faceArea([], size)).toEqual([0, 0, 100, 60]);
    expect(faceArea([[5, 5, 5, 9]], size)).toEqual([0, 0, 100, 60]);
    expect(faceArea([[0, 0, 70, 10]], size)).toEqual([0, 0, 100, 60]);
  });
});
