// The area of a face: its box, the ellipse inside it, or what lies around its landmarks.
import type { Box, Face } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';

type Point = readonly [x: number, y: number];
export const faceShapes = ['box', 'ellipse', 'landmarks'] as const;
export type FaceShape = (typeof faceShapes)[number];

export interface FaceArea {
  /** Nothing of the area lies outside. */
  readonly bounds: Box;
  /** Of a point inside the bounds. */
  contains(x: number, y: number): boolean;
}

/** From the hull of eyes and mouth to brows, cheeks and chin, in the distance from eyes to mouth: in the common 112-pixel layout of aligned faces 22 of 41 pixels. */
const FACE_FROM_HULL = 0.55;

/** Grown by so many pixels to the sides and up and down; by their mean around landmarks. A face without landmarks has an ellipse instead. */
export function faceArea({ box, landmarks }: Face, shape: FaceShape, [growX, growY]: readonly [number, number]): FaceArea {
  if (shape === 'landmarks' && landmarks.length >= 3) {
    const hull = hullOf(landmarks);
    const reach = Math.max(0, FACE_FROM_HULL * scaleOf(landmarks) + (growX + growY) / 2);
    const [xs, ys] = [hull.map(([x]) => x), hull.map(([, y]) => y)];
    return {
      bounds: [Math.min(...xs) - reach, Math.min(...ys) - reach, Math.max(...xs) + reach, Math.max(...ys) + reach],
      contains: (x, y) => isNear(hull, x, y, reach),
    };
  }
  const bounds: Box = [box[0] - growX, box[1] - growY, box[2] + growX, box[3] + growY];
  if (shape === 'box') return { bounds, contains: () => true };
  const [x1, y1, x2, y2] = bounds;
  const [cx, cy, rx, ry] = [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2, (y2 - y1) / 2];
  return { bounds, contains: (x, y) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1 };
}

/** Sets the pixels of a mask whose centres lie in the area (the far sides of its bounds excluded) to 255. */
export function fillArea({ width, height, data }: ImageBuffer, { bounds: [x1, y1, x2, y2], contains }: FaceArea): void {
  const [left, right] = [Math.max(0, Math.ceil(x1 - 0.5)), Math.min(width, Math.ceil(x2 - 0.5))];
  const [top, bottom] = [Math.max(0, Math.ceil(y1 - 0.5)), Math.min(height, Math.ceil(y2 - 0.5))];
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) if (contains(x + 0.5, y + 0.5)) data[y * width + x] = 255;
}

/** The larger of the distances between the eyes and from eyes to mouth: one of them stays when a face turns. */
function scaleOf(landmarks: readonly Point[]): number {
  const [left, right, nose, ...mouth] = landmarks as readonly [Point, Point, Point, ...Point[]];
  const middle = (points: readonly Point[]): Point => [
    points.reduce((sum, [x]) => sum + x, 0) / points.length,
    points.reduce((sum, [, y]) => sum + y, 0) / points.length,
  ];
  const below = middle(mouth.length > 0 ? mouth : [nose]);
  const eyes = middle([left, right]);
  return Math.max(Math.hypot(right[0] - left[0], right[1] - left[1]), Math.hypot(below[0] - eyes[0], below[1] - eyes[1]));
}

const cross = ([ax, ay]: Point, [bx, by]: Point, [cx, cy]: Point): number => (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);

/** Convex hull, without points on its sides: Andrew's monotone chain. */
export function hullOf(points: readonly Point[]): readonly Point[] {
  const sorted = points.toSorted(([ax, ay], [bx, by]) => ax - bx || ay - by);
  const chain = (ordered: readonly Point[]): Point[] => {
    const side: Point[] = [];
    for (const point of ordered) {
      while (side.length > 1 && cross(side.at(-2)!, side.at(-1)!, point) <= 0) side.pop();
      side.push(point);
    }
    return side.slice(0, -1);
  };
  return [...chain(sorted), ...chain(sorted.toReversed())];
}

/** Inside the hull, or at most `reach` from one of its sides. */
function isNear(hull: readonly Point[], x: number, y: number, reach: number): boolean {
  let inside = hull.length > 2;
  for (let i = 0; i < hull.length; i++) {
    const from = hull[i]!;
    const to = hull[(i + 1) % hull.length]!;
    const [dx, dy, px, py] = [to[0] - from[0], to[1] - from[1], x - from[0], y - from[1]];
    const along = Math.max(0, Math.min(1, (px * dx + py * dy) / (dx * dx + dy * dy || 1)));
    if ((px - along * dx) ** 2 + (py - along * dy) ** 2 <= reach * reach) return true;
    if (dx * py - dy * px < 0) inside = false;
  }
  return inside;
}
