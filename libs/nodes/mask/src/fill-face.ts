// The area of a face drawn into a mask. A pixel belongs to an area when its centre does.
import type { Face } from '@facewright/core';
import type { ImageBuffer } from '@facewright/tensor';

type Point = readonly [x: number, y: number];
export type FaceShape = 'ellipse' | 'box' | 'landmarks';

/** From the hull of eyes and mouth to brows, cheeks and chin, in the distance from eyes to mouth: in the common 112-pixel layout of aligned faces 22 of 41 pixels. */
const FACE_FROM_HULL = 0.55;

/** Sets the pixels of the face to 255. It grows on every side by `dilation` times the longer side of its box. */
export function fillFace(mask: ImageBuffer, { box, landmarks }: Face, shape: FaceShape, dilation: number): void {
  const [x1, y1, x2, y2] = box;
  const grow = dilation * Math.max(x2 - x1, y2 - y1);
  if (shape === 'landmarks' && landmarks.length >= 3) {
    const hull = hullOf(landmarks);
    const reach = FACE_FROM_HULL * scaleOf(landmarks) + grow;
    const [xs, ys] = [hull.map(([x]) => x), hull.map(([, y]) => y)];
    const around: Face['box'] = [Math.min(...xs) - reach, Math.min(...ys) - reach, Math.max(...xs) + reach, Math.max(...ys) + reach];
    fill(mask, around, (x, y) => isNear(hull, x, y, reach));
    return;
  }
  const grown: Face['box'] = [x1 - grow, y1 - grow, x2 + grow, y2 + grow];
  if (shape === 'box') return fill(mask, grown, () => true);
  const [cx, cy, rx, ry] = [(x1 + x2) / 2, (y1 + y2) / 2, (x2 - x1) / 2 + grow, (y2 - y1) / 2 + grow];
  fill(mask, grown, (x, y) => ((x - cx) / rx) ** 2 + ((y - cy) / ry) ** 2 <= 1);
}

/** Pixels whose centres lie in the box (its far sides excluded) and pass. */
function fill({ width, height, data }: ImageBuffer, [x1, y1, x2, y2]: Face['box'], inside: (x: number, y: number) => boolean): void {
  const [left, right] = [Math.max(0, Math.ceil(x1 - 0.5)), Math.min(width, Math.ceil(x2 - 0.5))];
  const [top, bottom] = [Math.max(0, Math.ceil(y1 - 0.5)), Math.min(height, Math.ceil(y2 - 0.5))];
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) if (inside(x + 0.5, y + 0.5)) data[y * width + x] = 255;
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
