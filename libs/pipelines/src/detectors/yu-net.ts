// YuNet (Wu, Peng, Yu): twelve outputs, decoded as OpenCV's FaceDetectorYN does.
import type { Candidate } from './candidates.ts';
import { agrees } from './last-dimensions.ts';
import type { DetectorKind } from './detector-kind.ts';

const strides = [8, 16, 32] as const;
const clamp01 = (x: number) => Math.max(0, Math.min(1, x));

/** Outputs class, objectness, box and landmarks, each for strides 8, 16 and 32; one anchor at each place. The input is plain bytes. */
export const yuNet: DetectorKind = {
  name: 'YuNet',
  channels: 'BGR',
  value: (byte) => byte,
  multiple: 32,
  suppression: { overlap: 0.3, areas: 'whole' },
  fits: (last) => agrees(last, [1, 1, 1, 1, 1, 1, 4, 4, 4, 10, 10, 10]),
  decode(outputs, { width }, threshold) {
    const candidates: Candidate[] = [];
    strides.forEach((stride, level) => {
      const [classes, objects, boxes, points] = [0, 3, 6, 9].map((first) => outputs[first + level]!.data) as [
        Float32Array,
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const columns = width / stride;
      for (let i = 0; i < classes.length; i++) {
        const score = Math.sqrt(clamp01(classes[i]!) * clamp01(objects[i]!));
        if (score < threshold) continue;
        const [column, row] = [i % columns, Math.floor(i / columns)];
        const at = (k: number) => boxes[i * 4 + k]!;
        const [x, y] = [(column + at(0)) * stride, (row + at(1)) * stride];
        const [w, h] = [Math.exp(at(2)) * stride, Math.exp(at(3)) * stride];
        const landmarks = Array.from(
          { length: 5 },
          (_, k) => [(points[i * 10 + 2 * k]! + column) * stride, (points[i * 10 + 2 * k + 1]! + row) * stride] as const,
        );
        candidates.push({ box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2], score, landmarks });
      }
    });
    return candidates;
  },
};
