// Trains the face score: a small BLIP reward model, by the ranking loss, on pairs of procedural faces.
import {
  bind,
  BlipReward,
  blipGraph,
  blipPixels,
  createBertTokenizer,
  initialize,
  inMemory,
  inputWeights,
  parseBlipRewardConfig,
  storedWeights,
  type Json,
} from '@facewright/models';
import { buildModel, input, op, trainStep, type Value } from '@facewright/onnx';
import { createRng, imagesToTensor, type ImageBuffer, type Tensor } from '@facewright/tensor';
import { rankingAccuracy, rankingLoss } from '@facewright/train';
import { faceScoreConfig, SCORE_TOKENS } from './configs.ts';
import { DAMAGES, type FacePair } from './face-pairs.ts';
import type { Weights } from './latents.ts';
import { runStage, type StageContext } from './stage.ts';

/** Pairs in a step. */
const BATCH = 32;
/** What FaceScore asks about every face. */
export const PROMPT = 'A face.';

/** A WordPiece vocabulary in which any text of letters, digits and signs can be said: special tokens, letters and their continuations, and a few whole words. */
export function scoreVocabulary(): string[] {
  const characters = [...'abcdefghijklmnopqrstuvwxyz0123456789'];
  return [
    '[PAD]',
    '[UNK]',
    '[CLS]',
    '[SEP]',
    '[MASK]',
    ...'.,!?\'"-:;()',
    ...characters,
    ...characters.map((c) => `##${c}`),
    'face',
    'the',
    'of',
    'woman',
    'man',
    'person',
    'with',
    'and',
    'photo',
    'picture',
  ];
}

export function fullScoreConfig(): Json {
  return { ...faceScoreConfig, text_config: { ...faceScoreConfig.text_config, vocab_size: scoreVocabulary().length } };
}

const pixelsOf = (crops: readonly ImageBuffer[]): Tensor<'float32'> =>
  imagesToTensor(crops, (byte, channel) => (byte / 255 - blipPixels.mean[channel]!) / blipPixels.deviation[channel]!);

function mirrored({ width, height, channels, data }: ImageBuffer): ImageBuffer {
  const out = new Uint8Array(data.length);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) out[(y * width + x) * channels + c] = data[(y * width + width - 1 - x) * channels + c]!;
  return { width, height, channels, data: out };
}

const promptOf = (count: number) => {
  const { ids, mask } = createBertTokenizer(scoreVocabulary(), { length: SCORE_TOKENS }).encode(
    Array.from({ length: count }, () => PROMPT),
  );
  return { input_ids: ids, attention_mask: mask };
};

export async function trainFaceScore(
  pairs: readonly FacePair[],
  { steps, peak }: { readonly steps: number; readonly peak: number },
  context: StageContext,
): Promise<Weights> {
  const config = parseBlipRewardConfig(fullScoreConfig());
  const model = new BlipReward(config);
  const inputs = new Map<string, Value>();
  const size = config.vision.imageSize;
  const rewards = model.forward(bind(model, inputWeights(inputs)), {
    pixel_values: input('pixel_values', 'float32', [2 * BATCH, 3, size, size]),
    input_ids: input('input_ids', 'int64', [2 * BATCH, SCORE_TOKENS]),
    attention_mask: input('attention_mask', 'float32', [2 * BATCH, SCORE_TOKENS]),
  });
  const [good, bad] = op.Split([rewards], { axis: 0, split: [BATCH, BATCH] }) as [Value, Value];
  const rng = createRng(context.seed);
  const prompt = promptOf(2 * BATCH);
  return runStage(context, {
    name: 'face-score',
    steps,
    peak,
    warmUp: 100,
    decay: 0.995,
    initial: initialize(model, rng),
    build: (current) =>
      trainStep({
        loss: rankingLoss(good, bad),
        parameters: [...inputs].map(([name, value]) => ({ name, value, initial: current.get(name)! })),
        maxGradientNorm: 1,
        ema: true,
        metrics: { accuracy: rankingAccuracy(good, bad) },
      }),
    batch: () => {
      // Half of the sound faces meet the damaged face of another scene: ranking within scenes alone would leave scores of different scenes incomparable.
      const picked = Array.from({ length: BATCH }, () => {
        const pair = pairs[rng.integer(pairs.length)]!;
        const bad = pair.sound && rng() < 0.5 ? pairs[rng.integer(pairs.length)]!.bad : pair.bad;
        const turn = () => rng() < 0.5;
        return { good: turn() ? mirrored(pair.good) : pair.good, bad: turn() ? mirrored(bad) : bad };
      });
      return { pixel_values: pixelsOf([...picked.map((pair) => pair.good), ...picked.map((pair) => pair.bad)]), ...prompt };
    },
  });
}

/** Rewards of crops of the size that the network reads. */
export async function scoreCrops(crops: readonly ImageBuffer[], weights: Weights, context: StageContext): Promise<number[]> {
  const config = parseBlipRewardConfig(fullScoreConfig());
  const session = await context.runtime.open(
    buildModel(blipGraph(config, { batch: BATCH, tokens: SCORE_TOKENS }, storedWeights(inMemory(weights)), { fused: true })),
  );
  const prompt = promptOf(BATCH);
  const scores: number[] = [];
  for (let first = 0; first < crops.length; first += BATCH) {
    const row = Array.from({ length: BATCH }, (_, i) => crops[Math.min(crops.length - 1, first + i)]!);
    const { reward } = await session.run({ pixel_values: pixelsOf(row), ...prompt });
    scores.push(...(reward!.data as Float32Array).subarray(0, Math.min(BATCH, crops.length - first)));
  }
  await session.release();
  return scores;
}

export interface PairAccuracy {
  readonly all: number;
  readonly byKind: Readonly<Record<string, { readonly pairs: number; readonly accuracy: number }>>;
}

/** Share of pairs whose better face scores higher, over pairs that training never saw, in all and by damage. */
export async function pairAccuracy(pairs: readonly FacePair[], weights: Weights, context: StageContext): Promise<PairAccuracy> {
  const scores = await scoreCrops(
    pairs.flatMap(({ good, bad }) => [good, bad]),
    weights,
    context,
  );
  const right = pairs.map((_, i) => scores[2 * i]! > scores[2 * i + 1]!);
  const share = (wanted: (pair: FacePair) => boolean) => {
    const of = right.filter((_, i) => wanted(pairs[i]!));
    return { pairs: of.length, accuracy: of.filter(Boolean).length / of.length };
  };
  const kinds = DAMAGES.map((damage) => [damage, share((pair) => pair.damage === damage)] as const);
  return {
    all: share(() => true).accuracy,
    byKind: Object.fromEntries([
      ...kinds,
      ['both through the autoencoder', share((pair) => pair.soft)],
      ['both damaged', share((pair) => !pair.sound)],
    ]),
  };
}
