// Boxes of a picture as weights of its latents.
import type { Box } from '@facewright/core';

export interface LatentSize {
  readonly height: number;
  readonly width: number;
  /** Pixels per latent along each side. */
  readonly stride: number;
}

/** [height x width]: `inside` for latents that a box covers, 1 for those that none does, in between by the largest share that one box covers. */
export function boxWeights(boxes: readonly Box[], { height, width, stride }: LatentSize, inside: number): Float32Array {
  const share = (at: number, from: number, to: number) =>
    Math.max(0, Math.min(to, (at + 1) * stride) - Math.max(from, at * stride)) / stride;
  return Float32Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const covered = Math.max(0, ...boxes.map(([x1, y1, x2, y2]) => share(column, x1, x2) * share(row, y1, y2)));
    return 1 + (inside - 1) * covered;
  });
}
