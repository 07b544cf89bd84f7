// Trains the face detector on procedural pictures, clean, deformed, softened and noisy, moved and shrunk.
import { boxOf, landmarksOf } from '@facewright/node-toy-faces';
import { bind, initialize, inMemory, inputWeights, storedWeights } from '@facewright/models';
import { buildModel, input, trainStep, type Value } from '@facewright/onnx';
import { createRng, type ImageBuffer, type RunnableModel, type Tensor } from '@facewright/tensor';
import { detectorLoss } from '@facewright/train';
import { blurred, noisy } from './degrade.ts';
import { PICTURE_BYTES, pictureOf, SIDE, type FaceSet } from './face-set.ts';
import type { Weights } from './latents.ts';
import { CELLS, detectorGraph, DetectorNetwork, STRIDES } from './networks/detector-network.ts';
import { runStage, type StageContext } from './stage.ts';

const BATCH = 32;
const network = new DetectorNetwork();

interface Example {
  readonly pixels: Uint8Array;
  /** Null where there is no face. */
  readonly face: { readonly box: readonly number[]; readonly points: readonly (readonly [number, number])[] } | null;
}

/** Faces of these longest sides, in pixels, are answered for by the stride of the same place; larger ones by the last. */
const LARGEST = [20, 44] as const;

/** Targets of one example into the arrays of a batch. A cell answers for a face when its centre lies within 0.75 cells of the face's. */
function writeTargets(
  n: number,
  face: NonNullable<Example['face']>,
  targets: { readonly positive: Float32Array; readonly bbox: Float32Array; readonly kps: Float32Array },
): void {
  const [x1, y1, x2, y2] = face.box as [number, number, number, number];
  const [cx, cy, width, height] = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1];
  const longest = Math.max(width, height);
  const level = LARGEST.findIndex((limit) => longest <= limit);
  const answering = level < 0 ? STRIDES.length - 1 : level;
  let first = 0;
  for (const [i, stride] of STRIDES.entries()) {
    const columns = SIDE / stride;
    for (let cell = 0; i === answering && cell < columns * columns; cell++) {
      const [column, row] = [cell % columns, Math.floor(cell / columns)];
      const [dx, dy] = [cx / stride - column, cy / stride - row];
      if (Math.abs(dx - 0.5) > 0.75 || Math.abs(dy - 0.5) > 0.75) continue;
      const at = n * CELLS + first + cell;
      targets.positive[at] = 1;
      targets.bbox.set([dx, dy, Math.log(width / stride), Math.log(height / stride)], at * 4);
      targets.kps.set(
        face.points.flatMap(([x, y]) => [x / stride - column, y / stride - row]),
        at * 10,
      );
    }
    first += columns * columns;
  }
}

/** A picture seen at another scale and place: the point (x, y) goes to scale * (x, y) + shift. What lies outside is a plain colour. */
function moved(pixels: Uint8Array, scale: number, shiftX: number, shiftY: number, fill: readonly number[]): Uint8Array {
  const out = new Uint8Array(PICTURE_BYTES);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const fromX = Math.floor((x + 0.5 - shiftX) / scale);
      const fromY = Math.floor((y + 0.5 - shiftY) / scale);
      const inside = fromX >= 0 && fromY >= 0 && fromX < SIDE && fromY < SIDE;
      for (let c = 0; c < 3; c++) out[(y * SIDE + x) * 3 + c] = inside ? pixels[(fromY * SIDE + fromX) * 3 + c]! : fill[c]!;
    }
  return out;
}

/** `soft` are pictures that went through the autoencoder, by the same indices; half of the examples take those. */
export interface DetectorData {
  readonly faces: FaceSet;
  readonly soft: readonly ImageBuffer[] | null;
}

export async function trainDetector(
  { faces, soft }: DetectorData,
  { steps, peak }: { readonly steps: number; readonly peak: number },
  context: StageContext,
): Promise<Weights> {
  const inputs = new Map<string, Value>();
  const picture = input('picture', 'float32', [BATCH, 3, SIDE, SIDE]);
  const targetOf = (name: string, width: number) => input(name, 'float32', [BATCH, CELLS, width]);
  const targets = { positive: targetOf('positive', 1), bbox: targetOf('bbox_target', 4), kps: targetOf('kps_target', 10) };
  const outputs = network.forward(bind(network, inputWeights(inputs)), picture);
  const rng = createRng(context.seed);

  const example = (): Example => {
    const index = rng.integer(faces.count);
    const scene = faces.scenes[index]!;
    let pixels = soft && index < soft.length && rng() < 0.5 ? soft[index]!.data : pictureOf(faces, index).data;
    if (rng() < 0.3) pixels = blurred(pixels, 0.4 + 1.2 * rng());
    if (rng() < 0.2) pixels = noisy(pixels, 4 + 16 * rng(), rng);
    const far = rng() < 0.08;
    const shrink = rng() < 0.4 ? 0.5 + 0.6 * rng() : 1;
    const slack = far ? 0 : rng() < 0.5 ? 10 : 0;
    const shift = () => (SIDE / 2) * (1 - shrink) + slack * (2 * rng() - 1);
    // Without a face: a strip of background and hair at the picture's edge, blown up.
    const [scale, x, y] = far ? [4, -rng() * SIDE * 3, rng() < 0.5 ? 0 : -SIDE * 3] : [shrink, shift(), shift()];
    const seen =
      scale === 1 && x === 0 && y === 0 ? pixels : moved(pixels, scale, x, y, [rng.integer(256), rng.integer(256), rng.integer(256)]);
    const to = (px: number, py: number) => [px * scale + x, py * scale + y] as const;
    const [x1, y1, x2, y2] = boxOf(scene);
    const face = { box: [...to(x1, y1), ...to(x2, y2)], points: landmarksOf(scene).map(([px, py]) => to(px, py)) };
    const [left, top, right, bottom] = face.box as [number, number, number, number];
    const covered =
      (Math.max(0, Math.min(SIDE, right) - Math.max(0, left)) * Math.max(0, Math.min(SIDE, bottom) - Math.max(0, top))) /
      ((right - left) * (bottom - top));
    return { pixels: seen, face: covered > 0.6 && !far ? face : null };
  };

  return runStage(context, {
    name: 'detector',
    steps,
    peak,
    warmUp: 50,
    decay: 0.99,
    initial: initialize(network, rng),
    build: (current) =>
      trainStep({
        loss: detectorLoss(outputs, targets, { box: 2, points: 1 }),
        parameters: [...inputs].map(([name, value]) => ({ name, value, initial: current.get(name)! })),
        maxGradientNorm: 5,
        ema: true,
      }),
    batch: () => {
      const data = new Float32Array(BATCH * PICTURE_BYTES);
      const written = {
        positive: new Float32Array(BATCH * CELLS),
        bbox: new Float32Array(BATCH * CELLS * 4),
        kps: new Float32Array(BATCH * CELLS * 10),
      };
      for (let n = 0; n < BATCH; n++) {
        const { pixels, face } = example();
        writePlanes(pixels, data, n);
        if (face) writeTargets(n, face, written);
      }
      const float = (dims: readonly number[], values: Float32Array): Tensor => ({ dtype: 'float32', dims, data: values });
      return {
        picture: float(picture.shape, data),
        positive: float(targets.positive.shape, written.positive),
        bbox_target: float(targets.bbox.shape, written.bbox),
        kps_target: float(targets.kps.shape, written.kps),
      };
    },
  });
}

/** Planes blue, green, red with the bytes' own values, as YuNet reads them. */
function writePlanes(pixels: Uint8Array, data: Float32Array, n: number): void {
  const plane = SIDE * SIDE;
  for (let p = 0; p < plane; p++) for (let c = 0; c < 3; c++) data[n * PICTURE_BYTES + c * plane + p] = pixels[p * 3 + 2 - c]!;
}

export const detectorModel = (weights: Weights): RunnableModel =>
  buildModel(detectorGraph(storedWeights(inMemory(weights))), { inline: true });
