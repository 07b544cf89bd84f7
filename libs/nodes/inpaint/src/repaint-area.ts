// Where a picture is repainted: boxes of pixels, and the cells of the latent grid that they touch.
import type { Box } from '@facewright/core';
import { boxInside, growBox } from '@facewright/pipelines';

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size at which a picture is repainted: at most `longestSide`, both sides multiples of what the model takes. */
export function workSize({ width, height }: Size, longestSide: number, multiple: number): Size {
  const scale = Math.min(1, longestSide / Math.max(width, height));
  const fit = (side: number) => Math.max(multiple, Math.round((side * scale) / multiple) * multiple);
  return { width: fit(width), height: fit(height) };
}

/** Boxes of whole pixels to repaint; boxes that lie outside the picture fall away. */
export const repaintBoxes = (boxes: readonly Box[], margin: number, size: Size): Box[] =>
  boxes.map((box) => boxInside(growBox(box, margin), size)).filter((box) => box !== null);

/** 1 for every latent cell that a box touches, 0 elsewhere; [work height / stride, work width / stride]. The boxes are in pixels of `size`. */
export function latentMask(boxes: readonly Box[], size: Size, work: Size, stride: number): Float32Array {
  const [columns, rows] = [work.width / stride, work.height / stride];
  const [sx, sy] = [work.width / size.width / stride, work.height / size.height / stride];
  const mask = new Float32Array(columns * rows);
  for (const [x1, y1, x2, y2] of boxes)
    for (let row = Math.floor(y1 * sy); row < Math.min(rows, Math.ceil(y2 * sy)); row++)
      mask.fill(1, row * columns + Math.floor(x1 * sx), row * columns + Math.min(columns, Math.ceil(x2 * sx)));
  return mask;
}
