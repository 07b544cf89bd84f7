// Numbers drawn into a picture, in figures of 3 x 5 dots.
import type { ImageBuffer } from '@facewright/tensor';

/** A row a digit of eight: its bits are the dots from left to right. */
const figures: Readonly<Record<string, string>> = {
  0: '75557',
  1: '26227',
  2: '71747',
  3: '71717',
  4: '55711',
  5: '74717',
  6: '74757',
  7: '71122',
  8: '75757',
  9: '75717',
  '-': '00700',
  '.': '00002',
};
/** Pixels of a dot. */
const dot = 2;
export const numberHeight = 5 * dot;

/** With two decimals, its upper left corner at [x, y]; it must lie inside the picture. */
export function drawNumber(
  { width, data }: ImageBuffer,
  value: number,
  [x, y]: readonly [number, number],
  colour: readonly number[],
): void {
  [...value.toFixed(2)].forEach((character, place) => {
    [...(figures[character] ?? '')].forEach((bits, row) => {
      for (let column = 0; column < 3; column++)
        if (Number(bits) & (4 >> column))
          for (let dy = 0; dy < dot; dy++)
            for (let dx = 0; dx < dot; dx++) data.set(colour, ((y + row * dot + dy) * width + x + (place * 4 + column) * dot + dx) * 3);
    });
  });
}
