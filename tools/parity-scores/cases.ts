// Facewright's side of the comparison with the authors' scorers: every case begins with the pixels and texts that the reference file holds.
import type { Model } from '@facewright/core';
import { BlipReward, createBertTokenizer, storedWeights, bind, parseBlipRewardConfig } from '@facewright/models';
import { buildModel, input } from '@facewright/onnx';
import {
  bertVocabulary,
  clipPixels,
  componentOf,
  componentWeights,
  cropFace,
  hpsPixels,
  openClip,
  openScorer,
  type ToPixels,
} from '@facewright/pipelines';
import type { Box } from '@facewright/core';
import type { ImageBuffer, Tensor } from '@facewright/tensor';
import { openTensorFile, readTensors } from '@facewright/weights';
import { difference, type Difference } from '../bench-sd/difference.ts';
import type { Studio } from '../bench-sd/pipeline.ts';

export interface ScoreRow extends Difference {
  readonly network: string;
  readonly name: string;
  /** Largest `relative` that is accepted, and why. */
  readonly tolerance: number;
  readonly why: string;
}
export type Reference = ReadonlyMap<string, Tensor>;

/** For tokenizers and text encoders: cut, spaces, marks, scripts, what is no text. */
export const prompts: readonly string[] = [
  'A face.',
  "It's  the   artist's STUDIO; 1990s, f/1.8 & 85mm!",
  'naïve café, Ærøskøbing, ÅNGSTRÖM, straße',
  '赤い髪の女性の肖像、水彩画',
  'портрет женщины 👩🏽‍🦰 with emoji 🎨',
  `a very long prompt ${'with many more words '.repeat(30)}`,
  'a painting of an ocean with clouds and birds, day time, low depth field effect',
];
/** Of Lecun.jpg (275 x 183): the published one of FaceScore's page, fractions of all sorts, and one beyond the right and lower edges. */
export const boxes: readonly Box[] = [
  [104.02845764160156, 28.232379913330078, 143.57421875, 78.53730773925781],
  [1, 1, 40.999, 50.001],
  [30.5, 20.4999, 90.5001, 77.9999],
  [200.2, 120.7, 290.5, 199.9],
];

const tolerances = {
  exact: { tolerance: 0, why: 'whole numbers' },
  bytes: { tolerance: 1e-6, why: 'bytes are equal; they are normalised in another order' },
  pixels: {
    tolerance: 2e-4,
    why: "torch computes places and weights of a resize in float32, ours are float64: torch's own results in the two differ by 8e-5 on pictures of 2048 pixels",
  },
  features: { tolerance: 5e-5, why: 'float32 sums in another order, through 12 to 32 layers' },
  scores: { tolerance: 1e-4, why: 'as features; scores of random networks lie close together, and their deviation is the measure' },
} as const;

export const readReference = async (file: string): Promise<Reference> => readTensors((await openTensorFile(file)).tensors);

export const pictureOf = ({ dims: [height = 0, width = 0], data }: Tensor): ImageBuffer => ({
  width,
  height,
  channels: 3,
  data: data as Uint8Array,
});
const floatsOf = (tensor: Tensor): Tensor => ({
  dtype: 'float32',
  dims: tensor.dims,
  data: Float32Array.from(tensor.data as ArrayLike<number>, Number),
});

export interface Cases {
  readonly studio: Studio;
  readonly photos: readonly ImageBuffer[];
  /** Told each row as it comes. */
  log(row: ScoreRow): void;
}

/** Rows of one network against what its authors' code gave. */
function comparing(network: string, reference: Reference, { log }: Cases) {
  const rows: ScoreRow[] = [];
  const compare = (name: string, ours: ArrayLike<number | bigint>, key: string, kind: keyof typeof tolerances) => {
    const row = { network, name, ...difference(name, Float32Array.from(ours, Number), floatsOf(reference.get(key)!)), ...tolerances[kind] };
    log(row);
    rows.push(row);
  };
  return { rows, compare };
}

/** Crops of FaceScore, cut toward zero. */
export function cropCases(reference: Reference, lecun: ImageBuffer, cases: Cases): ScoreRow[] {
  const { rows, compare } = comparing('FaceScore', reference, cases);
  boxes.forEach((box, i) => {
    const crop = cropFace(lecun, box)!;
    compare(`crop of ${crop.width} × ${crop.height} pixels`, crop.data, `crop.${i}`, 'exact');
  });
  return rows;
}

export async function blipCases(model: Model<'face-score'>, reference: Reference, cases: Cases): Promise<ScoreRow[]> {
  const { studio, photos } = cases;
  const { rows, compare } = comparing('ImageReward and FaceScore, ViT-L/16', reference, cases);
  const { ids, mask } = createBertTokenizer(bertVocabulary(), { length: 35 }).encode([...prompts]);
  compare(`tokens of ${prompts.length} prompts`, ids.data, 'ids', 'exact');
  compare('attention mask', mask.data, 'mask', 'exact');
  const pixels = clipPixels(photos, 224);
  compare(`pixels of ${photos.length} photographs`, pixels.data, 'pixels', 'bytes');
  compare('picture features', await pictureFeatures(model, pixels, studio), 'picture', 'features');
  const score = async (kind: string, texts: readonly string[]) =>
    (await openScorer({ kind, models: { scorer: model }, settings: {} }, studio.ctx)).score(photos, texts);
  compare(
    'rewards for the text of FaceScore',
    await score(
      'face-score',
      photos.map(() => 'A face.'),
    ),
    'raw',
    'scores',
  );
  compare(
    'ImageReward of picture and prompt',
    await score(
      'image-reward',
      photos.map((_, i) => prompts[i % prompts.length]!),
    ),
    'rewards',
    'scores',
  );
  return rows;
}

/** Of the first two pictures. */
async function pictureFeatures(
  model: Model<'face-score'>,
  { dims, data }: Tensor<'float32'>,
  { runtime, ctx }: Studio,
): Promise<Float32Array> {
  const network = new BlipReward(parseBlipRewardConfig(componentOf(model, 'face_score').config));
  const [, ...shape] = dims;
  const binding = bind(network, storedWeights(await componentWeights(model, 'face_score', ctx)), { fused: runtime.provider === 'cpu' });
  const features = network.blip.visual_encoder.forward(binding, input('pixel_values', 'float32', [2, ...shape]));
  const session = await runtime.open(buildModel({ features }));
  try {
    const two: Tensor = { dtype: 'float32', dims: [2, ...shape], data: data.subarray(0, (data.length / photosIn(dims)) * 2) };
    return (await session.run({ pixel_values: two }))['features']!.data as Float32Array;
  } finally {
    await session.release();
  }
}
const photosIn = (dims: readonly number[]): number => dims[0]!;

/** `kind` of openScorer is what the scores are of. */
export async function clipCases(
  network: string,
  { model, kind, toPixels }: { readonly model: Model<'clip'>; readonly kind: 'clip-score' | 'hps'; readonly toPixels: ToPixels },
  reference: Reference,
  cases: Cases,
): Promise<ScoreRow[]> {
  const { studio, photos } = cases;
  const { rows, compare } = comparing(network, reference, cases);
  compare(`pixels of ${photos.length} photographs`, toPixels(photos, 224).data, 'pixels', toPixels === hpsPixels ? 'pixels' : 'bytes');
  const clip = await openClip(model, studio.ctx);
  const flat = (found: readonly Float32Array[]) => found.flatMap((row) => [...row]);
  compare('picture features', flat(await clip.pictures(photos, toPixels)), 'pictures', 'features');
  compare(`text features of ${prompts.length} prompts`, flat(await clip.texts(prompts)), 'texts', 'features');
  const scorer = await openScorer({ kind, models: { clip: model }, settings: {} }, studio.ctx);
  compare(
    'scores of picture and prompt',
    await scorer.score(
      photos,
      photos.map((_, i) => prompts[i % prompts.length]!),
    ),
    'scores',
    'scores',
  );
  return rows;
}

export async function aestheticCases(
  head: Model<'aesthetic'>,
  clip: Model<'clip'>,
  reference: Reference,
  cases: Cases,
): Promise<ScoreRow[]> {
  const { rows, compare } = comparing('LAION aesthetic predictor', reference, cases);
  const scorer = await openScorer({ kind: 'aesthetic', models: { head, clip }, settings: {} }, cases.studio.ctx);
  compare(
    'scores of pictures, published head',
    await scorer.score(
      cases.photos,
      cases.photos.map(() => ''),
    ),
    'aesthetic',
    'scores',
  );
  return rows;
}
