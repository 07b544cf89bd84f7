// Faces turned, scaled and moved so that their landmarks lie where ArcFace's training put them.
import type { Face } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';

/** Side of an aligned face in pixels. */
export const alignedSide = 112;
/** Eye at the image's left, eye at its right, nose tip, mouth corner at the left, at the right, as InsightFace has them. */
export const arcFacePoints: readonly (readonly [number, number])[] = [
  [38.2946, 51.6963],
  [73.5318, 51.5014],
  [56.0252, 71.7366],
  [41.5493, 92.3655],
  [70.7299, 92.2041],
];

type Points = readonly (readonly [number, number])[];

/** x' = a x - b y + dx, y' = b x + a y + dy. */
export interface Similarity {
  readonly a: number;
  readonly b: number;
  readonly dx: number;
  readonly dy: number;
}

/**
 * The rotation, scale and shift that bring `from` nearest to `to` in the sum of squares (Umeyama 1991): in the plane, a complex factor that is a quotient of two sums. Null
 * where all points of `from` are one.
 */
export function similarity(from: Points, to: Points): Similarity | null {
  const mean = (points: Points, axis: 0 | 1) => points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const [fx, fy, tx, ty] = [mean(from, 0), mean(from, 1), mean(to, 0), mean(to, 1)];
  let [real, imaginary, spread] = [0, 0, 0];
  from.forEach(([x, y], i) => {
    const [u, v, p, q] = [x - fx, y - fy, to[i]![0] - tx, to[i]![1] - ty];
    real += u * p + v * q;
    imaginary += u * q - v * p;
    spread += u * u + v * v;
  });
  if (spread === 0) return null;
  const [a, b] = [real / spread, imaginary / spread];
  return { a, b, dx: tx - (a * fx - b * fy), dy: ty - (b * fx + a * fy) };
}

/** The face in 112 x 112 pixels, interpolated linearly, black where the picture ends; or why there is none. OpenCV rounds places to 1/32 of a pixel, this does not. */
export function alignFace(picture: ImageBuffer, { landmarks }: Face): ImageBuffer | string {
  if (landmarks.length !== arcFacePoints.length) return 'the detector gave no landmarks to align the face by';
  const found = similarity(landmarks, arcFacePoints);
  const size = found ? found.a ** 2 + found.b ** 2 : 0;
  if (!found || size === 0) return 'the landmarks lie on one point';
  const { width, height, channels, data } = picture;
  const value = (x: number, y: number, channel: number): number =>
    x < 0 || y < 0 || x >= width || y >= height ? 0 : data[(y * width + x) * channels + (channels === 1 ? 0 : channel)]!;
  const result = new Uint8Array(alignedSide * alignedSide * 3);
  for (let row = 0; row < alignedSide; row++) {
    for (let column = 0; column < alignedSide; column++) {
      const [u, v] = [column - found.dx, row - found.dy];
      const [x, y] = [(found.a * u + found.b * v) / size, (found.a * v - found.b * u) / size];
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, down] = [x - left, y - top];
      for (let channel = 0; channel < 3; channel++) {
        const above = value(left, top, channel) * (1 - right) + value(left + 1, top, channel) * right;
        const below = value(left, top + 1, channel) * (1 - right) + value(left + 1, top + 1, channel) * right;
        result[(row * alignedSide + column) * 3 + channel] = Math.round(above * (1 - down) + below * down);
      }
    }
  }
  return { width: alignedSide, height: alignedSide, channels: 3, data: result };
}
