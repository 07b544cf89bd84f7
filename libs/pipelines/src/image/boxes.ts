// Boxes of whole pixels inside a picture.
import type { Box } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';
import { cropImage } from './resize.ts';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** The pixels that a box touches, cut at the picture's edges; null when none does. */
export function boxInside([x1, y1, x2, y2]: Box, { width, height }: Size): Box | null {
  const box: Box = [
    Math.max(0, Math.floor(x1)),
    Math.max(0, Math.floor(y1)),
    Math.min(width, Math.ceil(x2)),
    Math.min(height, Math.ceil(y2)),
  ];
  return box[2] > box[0] && box[3] > box[1] ? box : null;
}

/** A box grown on each side by a share of its own width and height; negative shares shrink it. */
export function growBox([x1, y1, x2, y2]: Box, share: number): Box {
  const [dx, dy] = [(x2 - x1) * share, (y2 - y1) * share];
  return [x1 - dx, y1 - dy, x2 + dx, y2 + dy];
}

/**
 * The crop that FaceScore's authors score: one pixel of margin, cut toward zero. Where their slice would leave the picture it is cut at the edge,
 * so that no face is dropped for lying there. Null for an empty crop.
 */
export function cropFace(image: ImageBuffer, [x1, y1, x2, y2]: Box): ImageBuffer | null {
  const inside = boxInside([Math.trunc(x1 - 1), Math.trunc(y1 - 1), Math.trunc(x2 + 1), Math.trunc(y2 + 1)], image);
  return inside && cropImage(image, ...inside);
}
