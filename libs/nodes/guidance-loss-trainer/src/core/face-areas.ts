// The part of each picture that its face takes up.
import type { Box } from '@facewright/core';

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** The square around the largest box, moved into the picture; the whole picture where there is no box, or one as large. */
export function faceArea(boxes: readonly Box[], { width, height }: PictureSize): Box {
  const area = ([x1, y1, x2, y2]: Box) => Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
  const [largest] = boxes.filter((box) => area(box) > 0).sort((a, b) => area(b) - area(a));
  if (!largest) return [0, 0, width, height];
  const [x1, y1, x2, y2] = largest;
  const side = Math.max(x2 - x1, y2 - y1);
  if (side >= Math.min(width, height)) return [0, 0, width, height];
  const from = (middle: number, length: number) => Math.min(Math.max(0, middle - side / 2), length - side);
  const [left, top] = [from((x1 + x2) / 2, width), from((y1 + y2) / 2, height)];
  return [left, top, left + side, top + side];
}
