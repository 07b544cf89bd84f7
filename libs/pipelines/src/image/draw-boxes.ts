// Boxes and landmarks drawn over a picture.
import type { Face } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';

const green = [40, 220, 90] as const;
const red = [240, 60, 60] as const;

/** A copy of an RGB picture with a green frame around every face and a red dot on every landmark; line width grows with the picture. */
export function drawFaces(image: ImageBuffer, faces: readonly Face[]): ImageBuffer {
  const { width, height } = image;
  const data = Uint8Array.from(image.data);
  const line = Math.max(1, Math.round(Math.min(width, height) / 200));
  const fill = (left: number, top: number, right: number, bottom: number, colour: readonly number[]) => {
    for (let y = Math.max(0, top); y < Math.min(height, bottom); y++)
      for (let x = Math.max(0, left); x < Math.min(width, right); x++) data.set(colour, (y * width + x) * 3);
  };
  for (const { box, landmarks } of faces) {
    const [x1, y1, x2, y2] = box.map(Math.round) as [number, number, number, number];
    fill(x1, y1, x2, y1 + line, green);
    fill(x1, y2 - line, x2, y2, green);
    fill(x1, y1, x1 + line, y2, green);
    fill(x2 - line, y1, x2, y2, green);
    for (const [x, y] of landmarks) {
      const [left, top] = [Math.round(x) - Math.floor(line / 2), Math.round(y) - Math.floor(line / 2)];
      fill(left, top, left + line, top + line, red);
    }
  }
  return { ...image, data };
}
