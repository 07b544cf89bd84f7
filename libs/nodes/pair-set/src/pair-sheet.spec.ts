import type { ImageBuffer } from '@facewright/tensor';
import { describe, expect, it } from 'vitest';
import { drawNumber } from './draw-number.ts';
import { pairSheet, shownPicture } from './pair-sheet.ts';

const plain = (width: number, height: number, grey: number): ImageBuffer => ({
  width,
  height,
  channels: 3,
  data: new Uint8Array(width * height * 3).fill(grey),
});
const pixel = ({ width, data }: ImageBuffer, x: number, y: number) => [...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)];

describe('a sheet of pairs', () => {
  it('shows good at the left and bad at the right, with their boxes where they are in the small picture', () => {
    const pair = {
      good: shownPicture(plain(224, 112, 50), [[20, 20, 200, 90]]),
      bad: shownPicture(plain(224, 112, 200), []),
      scores: null,
    };
    const sheet = pairSheet([pair]);
    expect([sheet.width, sheet.height]).toEqual([112 * 2 + 2 + 20, 112 + 20]);
    // 56 rows in the middle of 112
    expect([pixel(sheet, 10, 10 + 27), pixel(sheet, 10, 10 + 28), pixel(sheet, 10 + 114, 10 + 28)]).toEqual([
      [24, 27, 34],
      [50, 50, 50],
      [200, 200, 200],
    ]);
    expect(pixel(sheet, 10 + 10, 10 + 28 + 20)).toEqual([40, 220, 90]);
  });
  it('is about as wide as high, whatever their number', () => {
    const pair = { good: shownPicture(plain(8, 8, 1), []), bad: shownPicture(plain(8, 8, 2), []), scores: [1, -1] as const };
    for (const count of [9, 20, 48]) {
      const { width, height } = pairSheet(Array.from({ length: count }, () => pair));
      expect(Math.max(width / height, height / width)).toBeLessThan(1.6);
    }
    expect(pairSheet([]).width).toBeGreaterThan(0);
  });
  it('writes numbers in figures that can be read', () => {
    const rows = (value: number) => {
      const picture = plain(44, 10, 0);
      drawNumber(picture, value, [0, 0], [255, 255, 255]);
      return Array.from({ length: 5 }, (_, y) =>
        Array.from({ length: 22 }, (_, x) => (pixel(picture, 2 * x, 2 * y)[0] ? '#' : ' '))
          .join('')
          .trimEnd(),
      );
    };
    expect(rows(-1.05)).toEqual([
      '     #      ### ###',
      '    ##      # # #',
      '###  #      # # ###',
      '     #      # #   #',
      '    ###  #  ### ###',
    ]);
  });
});
