// The area of a face drawn into a mask.
import type { Face } from '@facewright/core';
import { faceArea, fillArea, type FaceShape } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';

/** Sets the pixels of the face to 255. It grows on every side by `dilation` times the longer side of its box. */
export function fillFace(mask: ImageBuffer, face: Face, shape: FaceShape, dilation: number): void {
  const [x1, y1, x2, y2] = face.box;
  const grow = dilation * Math.max(x2 - x1, y2 - y1);
  fillArea(mask, faceArea(face, shape, [grow, grow]));
}
