// Pairs side by side on one sheet: good at the left, bad at the right, boxes drawn in, scores below.
import type { Box } from '@facewright/core';
import { drawFaces, resizeImage } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { drawNumber, numberHeight } from './draw-number.ts';

export interface ShownPair {
  readonly good: ImageBuffer;
  readonly bad: ImageBuffer;
  /** Mean scores of the faces, where they are known. */
  readonly scores: readonly [good: number, bad: number] | null;
}

/** Pairs on one sheet; more are not to be told apart. */
export const mostShown = 48;
/** Pixels of the longest side of a picture on the sheet. */
const cell = 112;
const [gap, between] = [2, 10];
const [paper, green, red] = [
  [24, 27, 34],
  [64, 200, 110],
  [235, 96, 86],
] as const;

/** A picture as it stands on the sheet; small, so that many can be kept until the sheet is made. */
export function shownPicture(picture: ImageBuffer, boxes: readonly Box[]): ImageBuffer {
  const scale = cell / Math.max(picture.width, picture.height);
  const small = resizeImage(
    picture,
    Math.max(1, Math.round(picture.width * scale)),
    Math.max(1, Math.round(picture.height * scale)),
    'bilinear',
  );
  return drawFaces(
    small,
    boxes.map((box) => ({ box: box.map((v) => v * scale) as Box, confidence: 1, landmarks: [] })),
  );
}

/** As square as pairs allow. An empty list gives an empty sheet. */
export function pairSheet(pairs: readonly ShownPair[]): ImageBuffer {
  const label = pairs.some(({ scores }) => scores) ? numberHeight + 4 : 0;
  const [wide, high] = [2 * cell + gap, cell + label];
  const columns = Math.max(1, Math.round(Math.sqrt((pairs.length * high) / wide)));
  const rows = Math.max(1, Math.ceil(pairs.length / columns));
  const [width, height] = [columns * (wide + between) + between, rows * (high + between) + between];
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i += 3) data.set(paper, i);
  const sheet: ImageBuffer = { width, height, channels: 3, data };
  pairs.forEach(({ good, bad, scores }, n) => {
    const left = between + (n % columns) * (wide + between);
    const top = between + Math.floor(n / columns) * (high + between);
    [good, bad].forEach((picture, side) => {
      const x = left + side * (cell + gap);
      copy(sheet, picture, x + ((cell - picture.width) >> 1), top + ((cell - picture.height) >> 1));
      if (scores) drawNumber(sheet, scores[side]!, [x + 2, top + cell + 3], side === 0 ? green : red);
    });
  });
  return sheet;
}

function copy(to: ImageBuffer, from: ImageBuffer, left: number, top: number): void {
  for (let y = 0; y < from.height; y++)
    to.data.set(from.data.subarray(y * from.width * 3, (y + 1) * from.width * 3), ((top + y) * to.width + left) * 3);
}
