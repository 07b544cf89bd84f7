// SCRFD (Guo et al., InsightFace): scores, distances to the four sides and, in some files, landmarks, each per stride.
import type { Candidate } from './candidates.ts';
import { agrees } from './last-dimensions.ts';
import type { DetectorKind } from './detector-kind.ts';

/** Outputs come as scores x levels, boxes x levels, landmarks x levels. Three levels hold two anchors at each place, five hold one. */
const layouts = [
  { levels: 3, landmarks: false },
  { levels: 3, landmarks: true },
  { levels: 5, landmarks: false },
  { levels: 5, landmarks: true },
].map(({ levels, landmarks }) => ({
  levels,
  landmarks,
  widths: [1, 4, ...(landmarks ? [10] : [])].flatMap((width) => Array.from({ length: levels }, () => width)),
}));

export const scrfd: DetectorKind = {
  name: 'SCRFD',
  channels: 'RGB',
  value: (byte) => (byte - 127.5) / 128,
  multiple: 32,
  suppression: { overlap: 0.4, areas: 'inclusive' },
  fits: (last) => layouts.some(({ widths }) => agrees(last, widths)),
  decode(outputs, { width }, threshold) {
    const { levels, landmarks } = layouts.find(({ widths }) => widths.length === outputs.length)!;
    const anchors = levels === 3 ? 2 : 1;
    const candidates: Candidate[] = [];
    for (let level = 0; level < levels; level++) {
      const stride = 8 * 2 ** level;
      const [scores, distances] = [outputs[level]!.data, outputs[levels + level]!.data];
      const points = landmarks ? outputs[2 * levels + level]!.data : null;
      // its convolutions round up where a stride does not divide the width
      const columns = Math.ceil(width / stride);
      for (let i = 0; i < scores.length; i++) {
        const score = scores[i]!;
        if (score < threshold) continue;
        const place = Math.floor(i / anchors);
        // anchors sit on the corner of their place, not in its middle
        const [x, y] = [(place % columns) * stride, Math.floor(place / columns) * stride];
        const to = (side: number) => distances[i * 4 + side]! * stride;
        candidates.push({
          box: [x - to(0), y - to(1), x + to(2), y + to(3)],
          score,
          landmarks: points
            ? Array.from({ length: 5 }, (_, k) => [x + points[i * 10 + 2 * k]! * stride, y + points[i * 10 + 2 * k + 1]! * stride] as const)
            : [],
        });
      }
    }
    return candidates;
  },
};
