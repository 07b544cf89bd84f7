// Candidate faces of a detector, and the suppression of those that overlap a better one.
import type { Box } from '@facewright/core';

/** A face in pixels of the detector's input. */
export interface Candidate {
  readonly box: Box;
  readonly score: number;
  readonly landmarks: readonly (readonly [number, number])[];
}

export interface Suppression {
  /** Highest intersection over union that two kept boxes may have. */
  readonly overlap: number;
  /** How the detector's authors measure areas: real numbers with both border pixels counted ("+1"), or rectangles cut to whole numbers. */
  readonly areas: 'inclusive' | 'whole';
}

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}
const rectangleOf = ([x1, y1, x2, y2]: Box, areas: Suppression['areas']): Rectangle =>
  areas === 'inclusive'
    ? { left: x1, top: y1, right: x2 + 1, bottom: y2 + 1 }
    : // OpenCV cuts position and size, not the far corner
      {
        left: Math.trunc(x1),
        top: Math.trunc(y1),
        right: Math.trunc(x1) + Math.trunc(x2 - x1),
        bottom: Math.trunc(y1) + Math.trunc(y2 - y1),
      };
const areaOf = (r: Rectangle) => (r.right - r.left) * (r.bottom - r.top);

function intersectionOverUnion(a: Rectangle, b: Rectangle): number {
  const width = Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left));
  const height = Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const shared = width * height;
  return shared === 0 ? 0 : shared / (areaOf(a) + areaOf(b) - shared);
}

/** Greedy non-maximum suppression: best first; the 5,000 best candidates are looked at, as all three authors do. */
export function suppress(candidates: readonly Candidate[], { overlap, areas }: Suppression): Candidate[] {
  const kept: { candidate: Candidate; rectangle: Rectangle }[] = [];
  for (const candidate of [...candidates].sort((a, b) => b.score - a.score).slice(0, 5000)) {
    const rectangle = rectangleOf(candidate.box, areas);
    if (kept.every((other) => intersectionOverUnion(other.rectangle, rectangle) <= overlap)) kept.push({ candidate, rectangle });
  }
  return kept.map(({ candidate }) => candidate);
}
