// A small RGB canvas that paints shapes given by signed distances, with edges smoothed over one pixel.
import type { Colour } from './face-scene.ts';

/** Signed distance in pixels of a point from a shape's edge, negative inside. */
export type SignedDistance = (x: number, y: number) => number;

/** A colour that may depend on the place. */
export type Paint = Colour | ((x: number, y: number) => Colour);

/** A rotated, translated frame: local coordinates are pixels from `x`, `y`, turned by `angle`. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly cos: number;
  readonly sin: number;
}

export function frameAt(x: number, y: number, angle: number): Frame {
  return { x, y, cos: Math.cos(angle), sin: Math.sin(angle) };
}

/** The picture point of local coordinates in a frame. */
export function toPicture(frame: Frame, u: number, v: number): [x: number, y: number] {
  return [frame.x + frame.cos * u - frame.sin * v, frame.y + frame.sin * u + frame.cos * v];
}

/** A local box that holds a shape: centre and half extents in pixels. */
export interface Extent {
  readonly u: number;
  readonly v: number;
  readonly halfWidth: number;
  readonly halfHeight: number;
}

export class ShapeCanvas {
  readonly size: number;
  readonly #pixels: Float32Array;

  constructor(size: number) {
    this.size = size;
    this.#pixels = new Float32Array(size * size * 3);
  }

  /** Sets every pixel. */
  fill(paint: (x: number, y: number) => Colour): void {
    for (let row = 0; row < this.size; row++) {
      for (let column = 0; column < this.size; column++) {
        this.#pixels.set(paint(column + 0.5, row + 0.5), (row * this.size + column) * 3);
      }
    }
  }

  /** Paints a shape over what is there; distance and paint take local coordinates of the frame; opacity in 0..1. */
  paint(frame: Frame, extent: Extent, distance: SignedDistance, paint: Paint, opacity = 1): void {
    const [centreX, centreY] = toPicture(frame, extent.u, extent.v);
    const reachX = Math.abs(frame.cos) * extent.halfWidth + Math.abs(frame.sin) * extent.halfHeight + 1;
    const reachY = Math.abs(frame.sin) * extent.halfWidth + Math.abs(frame.cos) * extent.halfHeight + 1;
    const left = Math.max(0, Math.floor(centreX - reachX));
    const right = Math.min(this.size, Math.ceil(centreX + reachX));
    const top = Math.max(0, Math.floor(centreY - reachY));
    const bottom = Math.min(this.size, Math.ceil(centreY + reachY));
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) {
        const dx = column + 0.5 - frame.x;
        const dy = row + 0.5 - frame.y;
        const u = frame.cos * dx + frame.sin * dy;
        const v = frame.cos * dy - frame.sin * dx;
        const cover = Math.max(0, Math.min(1, 0.5 - distance(u, v))) * opacity;
        if (cover > 0) this.#blend((row * this.size + column) * 3, typeof paint === 'function' ? paint(u, v) : paint, cover);
      }
    }
  }

  /** The picture as RGB bytes, height by width by channel. */
  toBytes(): Uint8Array {
    return Uint8Array.from(this.#pixels, (value) => Math.round(Math.max(0, Math.min(255, value))));
  }

  #blend(offset: number, colour: Colour, cover: number): void {
    for (let channel = 0; channel < 3; channel++) {
      const before = this.#pixels[offset + channel] ?? 0;
      this.#pixels[offset + channel] = before + ((colour[channel] ?? 0) - before) * cover;
    }
  }
}

/** Distance from an axis-parallel ellipse about (u, v): exact on the edge, first-order near it (value over gradient length). */
export function ellipse(u: number, v: number, radiusU: number, radiusV: number): SignedDistance {
  return (x, y) => {
    const p = (x - u) / radiusU;
    const q = (y - v) / radiusV;
    const length = Math.hypot(p, q);
    const slope = Math.hypot(p / radiusU, q / radiusV);
    return slope < 1e-9 ? -Math.min(radiusU, radiusV) : (length * (length - 1)) / slope;
  };
}

/** Distance from a segment with round ends of the given radius. */
export function capsule(u1: number, v1: number, u2: number, v2: number, radius: number): SignedDistance {
  const du = u2 - u1;
  const dv = v2 - v1;
  const squared = du * du + dv * dv || 1;
  return (x, y) => {
    const along = Math.max(0, Math.min(1, ((x - u1) * du + (y - v1) * dv) / squared));
    return Math.hypot(x - u1 - along * du, y - v1 - along * dv) - radius;
  };
}

/** Distance from a box about (u, v) with rounded corners. */
export function roundedBox(u: number, v: number, halfWidth: number, halfHeight: number, corner: number): SignedDistance {
  return (x, y) => {
    const p = Math.abs(x - u) - halfWidth + corner;
    const q = Math.abs(y - v) - halfHeight + corner;
    return Math.hypot(Math.max(p, 0), Math.max(q, 0)) + Math.min(Math.max(p, q), 0) - corner;
  };
}

/** Inside both shapes. */
export function both(a: SignedDistance, b: SignedDistance): SignedDistance {
  return (x, y) => Math.max(a(x, y), b(x, y));
}

/** Inside any of the shapes. */
export function any(...shapes: readonly SignedDistance[]): SignedDistance {
  return (x, y) => {
    let nearest = Infinity;
    for (const shape of shapes) nearest = Math.min(nearest, shape(x, y));
    return nearest;
  };
}
