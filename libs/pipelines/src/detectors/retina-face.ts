// RetinaFace (Deng et al.), in the configuration of Pytorch_Retinaface, which FaceScore uses: three outputs over two square priors at each place.
import { err } from '../errors.ts';
import type { Candidate } from './candidates.ts';
import type { DetectorKind } from './detector-kind.ts';

const levels = [
  { stride: 8, sides: [16, 32] },
  { stride: 16, sides: [64, 128] },
  { stride: 32, sides: [256, 512] },
] as const;
/** Units of the offsets of centre and of logarithmic size: "variance" in the authors' configuration. */
const [centreUnit, sizeUnit] = [0.1, 0.2];
/** Mean of the blue, green and red plane over the training pictures. */
const mean = [104, 117, 123] as const;

/** Last dimensions of boxes, class probabilities and landmarks. */
const widths = [4, 2, 10];

/** Outputs boxes [.., 4], class probabilities [.., 2] and landmarks [.., 10], in any order. */
export const retinaFace: DetectorKind = {
  name: 'RetinaFace',
  channels: 'BGR',
  value: (byte, plane) => byte - mean[plane]!,
  multiple: 1,
  suppression: { overlap: 0.4, areas: 'inclusive' },
  // exporters with free sizes leave even the last dimensions open; no other kind has three outputs
  fits: (last) => {
    const said = last.filter((size) => size !== null);
    return last.length === 3 && said.every((size) => widths.includes(size)) && new Set(said).size === said.length;
  },
  decode(outputs, { width, height }, threshold) {
    const [boxes, classes, points] = widths.map((size) => outputs.find((output) => output.width === size)?.data);
    if (!boxes || !classes || !points) throw err.DETECTOR('RetinaFace', outputs.map((output) => `[.., ${output.width}]`).join(', '));
    const candidates: Candidate[] = [];
    let i = 0;
    for (const { stride, sides } of levels) {
      const [columns, rows] = [Math.ceil(width / stride), Math.ceil(height / stride)];
      for (let row = 0; row < rows; row++)
        for (let column = 0; column < columns; column++)
          for (const side of sides) {
            const score = classes[i * 2 + 1]!;
            if (score > threshold) {
              const place = (array: Float32Array, first: number): [number, number] => [
                (column + 0.5) * stride + array[first]! * centreUnit * side,
                (row + 0.5) * stride + array[first + 1]! * centreUnit * side,
              ];
              const [x, y] = place(boxes, i * 4);
              const [w, h] = [side * Math.exp(boxes[i * 4 + 2]! * sizeUnit), side * Math.exp(boxes[i * 4 + 3]! * sizeUnit)];
              candidates.push({
                box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2],
                score,
                landmarks: Array.from({ length: 5 }, (_, k) => place(points, i * 10 + 2 * k)),
              });
            }
            i++;
          }
    }
    return candidates;
  },
};
