// How well a detector in YuNet's layout finds the one face of each picture.
import { boxOf, landmarksOf } from '@facewright/node-toy-faces';
import type { RunnableModel, Tensors } from '@facewright/tensor';
import { type FaceSet, PICTURE_BYTES, pictureOf, SIDE } from './face-set.ts';
import { STRIDES } from './networks/detector-network.ts';
import type { StageContext } from './stage.ts';

type Box = readonly [number, number, number, number];
interface Found {
  readonly score: number;
  readonly box: Box;
  readonly points: readonly (readonly [number, number])[];
}

/** Least confidence of a face. */
const THRESHOLD = 0.6;

function decode(outputs: Tensors): Found[] {
  const found: Found[] = [];
  for (const stride of STRIDES) {
    const [cls, obj, bbox, kps] = ['cls', 'obj', 'bbox', 'kps'].map((name) => outputs[`${name}_${stride}`]!.data as Float32Array) as [
      Float32Array,
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    cls.forEach((value, cell) => {
      const score = Math.sqrt(value * obj[cell]!);
      if (score < THRESHOLD) return;
      const [column, row] = [cell % (SIDE / stride), Math.floor(cell / (SIDE / stride))];
      const [x, y] = [(column + bbox[cell * 4]!) * stride, (row + bbox[cell * 4 + 1]!) * stride];
      const [w, h] = [Math.exp(bbox[cell * 4 + 2]!) * stride, Math.exp(bbox[cell * 4 + 3]!) * stride];
      const points = Array.from(
        { length: 5 },
        (_, k) => [(kps[cell * 10 + 2 * k]! + column) * stride, (kps[cell * 10 + 2 * k + 1]! + row) * stride] as const,
      );
      found.push({ score, box: [x - w / 2, y - h / 2, x + w / 2, y + h / 2], points });
    });
  }
  return found.sort((a, b) => b.score - a.score);
}

/** Intersection over union. */
function overlap(a: Box, b: Box): number {
  const [w, h] = [Math.min(a[2], b[2]) - Math.max(a[0], b[0]), Math.min(a[3], b[3]) - Math.max(a[1], b[1])];
  const both = Math.max(0, w) * Math.max(0, h);
  const area = (box: Box) => (box[2] - box[0]) * (box[3] - box[1]);
  return both / (area(a) + area(b) - both);
}

export interface DetectionQuality {
  /** Share of faces whose most confident box overlaps them by at least a half. */
  readonly found: number;
  readonly meanOverlap: number;
  /** Pixels, mean over the five points of found faces. */
  readonly meanPointError: number;
  /** Confident boxes that overlap the most confident one of their picture by less than 0.3. */
  readonly extra: number;
}

export async function detectionQuality(faces: FaceSet, model: RunnableModel, { runtime }: StageContext): Promise<DetectionQuality> {
  const session = await runtime.open(model);
  const plane = SIDE * SIDE;
  let [found, overlaps, errors, extra] = [0, 0, 0, 0];
  for (let i = 0; i < faces.count; i++) {
    const { data: pixels } = pictureOf(faces, i);
    const data = Float32Array.from({ length: PICTURE_BYTES }, (_, at) => pixels[(at % plane) * 3 + 2 - Math.floor(at / plane)]!);
    const [best, ...others] = decode(await session.run({ input: { dtype: 'float32', dims: [1, 3, SIDE, SIDE], data } }));
    if (!best) continue;
    extra += others.filter(({ box }) => overlap(box, best.box) < 0.3).length;
    const scene = faces.scenes[i]!;
    const shared = overlap(best.box, boxOf(scene));
    if (shared < 0.5) continue;
    found += 1;
    overlaps += shared;
    errors += landmarksOf(scene).reduce((sum, [x, y], k) => sum + Math.hypot(x - best.points[k]![0], y - best.points[k]![1]), 0) / 5;
  }
  await session.release();
  return { found: found / faces.count, meanOverlap: overlaps / found, meanPointError: errors / found, extra };
}
