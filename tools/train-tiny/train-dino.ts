// Trains a small DINO: a student learns to say of a view of a picture what the average of its own past, the teacher, says of another view. No labels.
// So few pictures teach the features of the whole picture little but brightness; that they also draw a sketch of the view makes them learn where things are.
import { bind, initialize, inMemory, inputWeights, storedWeights, dinoPixels } from '@facewright/models';
import { buildModel, input, mseLoss, op, trainStep, type Value } from '@facewright/onnx';
import { createRng, float32, imagesToTensor, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { distillationLoss } from '@facewright/train';
import { dinoConfig } from './configs.ts';
import { randomView, sketchOf, type Scale } from './dino-views.ts';
import { pictureOf, SIDE, type FaceSet } from './face-set.ts';
import type { Weights } from './latents.ts';
import { DinoNetwork, PROTOTYPES, SKETCH } from './networks/dino-network.ts';
import { runStage, type StageContext } from './stage.ts';

/** Pictures in a step; of each there are two views, and the teacher sees both. */
const BATCH = 24;
const VIEWS = 2;
const SCALE: Scale = [0.6, 1];
/** Temperatures of student and teacher, and how fast the centre forgets: those of the paper. */
const [STUDENT, TEACHER, CENTRE_DECAY] = [0.1, 0.04, 0.9];
/** The gradient of the distillation, whose temperature is low, is about ten times as large. */
const SKETCH_WEIGHT = 20;
/** Of the size of what a patch says. */
const PLACE = 0.5;

const network = new DinoNetwork();

export const dinoTensor = (images: readonly ImageBuffer[]): Tensor<'float32'> =>
  imagesToTensor(images, (byte, channel) => (byte / 255 - dinoPixels.mean[channel]!) / dinoPixels.deviation[channel]!);

/** The softmax of what the teacher says, centred and sharpened, row by row. `centre` moves toward the mean of what is said. */
export function teacherTargets(said: Float32Array, centre: Float32Array): Float32Array {
  const size = centre.length;
  const rows = said.length / size;
  const targets = new Float32Array(said.length);
  const means = new Float64Array(size);
  for (let n = 0; n < rows; n++) {
    let top = -Infinity;
    for (let k = 0; k < size; k++) top = Math.max(top, said[n * size + k]! - centre[k]!);
    let sum = 0;
    for (let k = 0; k < size; k++) {
      means[k]! += said[n * size + k]! / rows;
      sum += targets[n * size + k] = Math.exp((said[n * size + k]! - centre[k]! - top) / TEACHER);
    }
    for (let k = 0; k < size; k++) targets[n * size + k]! /= sum;
  }
  for (let k = 0; k < size; k++) centre[k] = CENTRE_DECAY * centre[k]! + (1 - CENTRE_DECAY) * means[k]!;
  return targets;
}

/** What the student is to say of each view: what the teacher says of the other one. Rows are [first views, second views]. */
export function studentTargets(teacher: Float32Array): Float32Array {
  const half = teacher.length / VIEWS;
  const targets = new Float32Array(teacher.length);
  targets.set(teacher.subarray(half));
  targets.set(teacher.subarray(0, half), half);
  return targets;
}

/**
 * Where each patch is, as sines and cosines of its row and its column (Chen et al. 2021, arXiv 2104.02057): [1, 1 + patches, width], the first row zeros. Begun at random and small,
 * places would have to be learned before anything that depends on them.
 */
export function placesOf({ image_size, patch_size, hidden_size: width }: typeof dinoConfig): Tensor<'float32'> {
  const side = image_size / patch_size;
  const quarter = width / 4;
  const data = new Float32Array((1 + side * side) * width);
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++)
      for (let k = 0; k < quarter; k++) {
        const frequency = (Math.PI / side) * 2 ** ((3 * k) / quarter);
        const at = (1 + y * side + x) * width + k;
        [Math.sin(y * frequency), Math.cos(y * frequency), Math.sin(x * frequency), Math.cos(x * frequency)].forEach(
          (value, part) => (data[at + part * quarter] = PLACE * value),
        );
      }
  return float32([1, 1 + side * side, width], data);
}

/** Weights of the transformer alone, the teacher's: named as DINO's authors name them. */
export async function trainDino(
  faces: FaceSet,
  { steps, peak }: { readonly steps: number; readonly peak: number },
  context: StageContext,
): Promise<Weights> {
  const views = VIEWS * BATCH;
  const inputs = new Map<string, Value>();
  const { said, sketch } = network.forward(bind(network, inputWeights(inputs)), input('pixels', 'float32', [views, 3, SIDE, SIDE]));
  const targets = input('targets', 'float32', [views, PROTOTYPES]);
  const wanted = input('sketch', 'float32', [views, SKETCH ** 2]);
  const distillation = distillationLoss(said, targets, STUDENT);
  const drawing = mseLoss(sketch, wanted);
  const seen = input('pixels', 'float32', [views, 3, SIDE, SIDE]);
  const teacher = await context.runtime.open(buildModel({ said: network.forward(bind(network, inputWeights(new Map())), seen).said }));
  const rng = createRng(context.seed);
  const centre = new Float32Array(PROTOTYPES);
  let averages: ReadonlyMap<string, Tensor<'float32'>> = new Map();
  const weights = await runStage(context, {
    name: 'dino',
    steps,
    peak,
    warmUp: 50,
    decay: 0.99,
    initial: new Map([...initialize(network, rng), ['backbone.pos_embed', placesOf(dinoConfig)]]),
    build: (current) =>
      trainStep({
        loss: op.Add([distillation, op.Mul([drawing, SKETCH_WEIGHT])]),
        metrics: { distillation, drawing },
        parameters: [...inputs].map(([name, value]) => ({ name, value, initial: current.get(name)! })),
        maxGradientNorm: 1,
        optimiser: { weightDecay: 0.04 },
        ema: true,
      }),
    onAverages: (now) => (averages = now),
    batch: async () => {
      const pictures = Array.from({ length: BATCH }, () => pictureOf(faces, rng.integer(faces.count)));
      const images = Array.from({ length: VIEWS }, () => pictures.map((picture) => randomView(picture, SCALE, rng))).flat();
      const pixels = dinoTensor(images);
      const weights = Object.fromEntries([...averages].filter(([name]) => !name.startsWith('sketch.')));
      const { said: taught } = await teacher.run({ ...weights, pixels });
      return {
        pixels,
        targets: float32([views, PROTOTYPES], studentTargets(teacherTargets(taught!.data as Float32Array, centre))),
        sketch: float32([views, SKETCH ** 2], Float32Array.from(images.flatMap((image) => [...sketchOf(image)]))),
      };
    },
  });
  await teacher.release();
  return new Map(
    [...weights].flatMap(([name, tensor]) => (name.startsWith('backbone.') ? [[name.slice('backbone.'.length), tensor] as const] : [])),
  );
}

/** Features of whole pictures, one vector each; random weights where there are none. */
export async function dinoFeatures(
  images: readonly ImageBuffer[],
  weights: Weights | null,
  context: StageContext,
): Promise<Float32Array[]> {
  const whole = weights
    ? new Map([...weights].map(([name, tensor]) => [`backbone.${name}`, tensor]))
    : initialize(network, createRng(context.seed));
  const pixels = input('pixels', 'float32', [BATCH, 3, SIDE, SIDE]);
  const session = await context.runtime.open(
    buildModel({ features: network.features(bind(network, storedWeights(inMemory(whole))), pixels) }),
  );
  const rows: Float32Array[] = [];
  for (let first = 0; first < images.length; first += BATCH) {
    const part = Array.from({ length: BATCH }, (_, i) => images[Math.min(images.length - 1, first + i)]!);
    const { features } = await session.run({ pixels: dinoTensor(part) });
    const data = features!.data as Float32Array;
    const width = data.length / BATCH;
    for (let i = 0; i < Math.min(BATCH, images.length - first); i++) rows.push(data.slice(i * width, (i + 1) * width));
  }
  await session.release();
  return rows;
}
