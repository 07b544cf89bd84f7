// The instruments of the study and what they say of pictures.
import type { Model, NodeContext } from '@facewright/core';
import { contrast, cropFace, openDetector, openFaceScore, openFeatures, sharpness, type FaceScoreModel } from '@facewright/pipelines';
import type { ImageBuffer } from '@facewright/tensor';
import { fitCaptionAgreement, type CaptionAgreement } from './caption-agreement.ts';

/** One number a picture; null where there is no face to score. */
export const pictureMeasures = [
  'agreement',
  'reward',
  'preference',
  'faceScore',
  'faceScorePlain',
  'faceFound',
  'sharpness',
  'contrast',
] as const;
export type PictureMeasure = (typeof pictureMeasures)[number];

export interface MeasuredPicture {
  readonly values: Readonly<Record<PictureMeasure, number | null>>;
  /** Of the network that never saw a generated picture. */
  readonly features: readonly number[];
}

export interface InstrumentModels {
  /** Trained on pairs of this study, with degraded negatives and without. */
  readonly scorer: Model<'face-score'>;
  readonly plainScorer: Model<'face-score'>;
  /** What both were trained from. */
  readonly reward: Model<'face-score'>;
  readonly detector: Model<'face-detector'>;
  readonly features: Model<'features'>;
}

export interface Picture {
  readonly pixels: ImageBuffer;
  readonly caption: string;
}

export type Measure = (pictures: readonly Picture[]) => Promise<MeasuredPicture[]>;

const THRESHOLD = 0.5;
/** What FaceScore asks about every face. */
const PROMPT = 'A face.';

/** `drawn` are captioned pictures of the generator that nothing else sees: agreement with captions is learned from them. */
export async function openInstruments(
  models: InstrumentModels,
  drawn: readonly Picture[],
  preferenceOf: (pixels: readonly ImageBuffer[]) => Promise<number[]>,
  context: NodeContext,
): Promise<Measure> {
  const detector = await openDetector(models.detector, context);
  const features = await openFeatures(models.features, context);
  const [scorer, plainScorer, reward] = await Promise.all(
    [models.scorer, models.plainScorer, models.reward].map((m) => openFaceScore(m, context)),
  );
  const agreement: CaptionAgreement = fitCaptionAgreement(
    await features.features(drawn.map(({ pixels }) => pixels)),
    drawn.map(({ caption }) => caption),
  );
  return async (pictures) => {
    const rows = await features.features(pictures.map(({ pixels }) => pixels));
    const preferences = await preferenceOf(pictures.map(({ pixels }) => pixels));
    const crops = await Promise.all(
      pictures.map(async ({ pixels }) => {
        const faces = (await detector.detect(pixels)).filter(({ confidence }) => confidence >= THRESHOLD);
        return faces.flatMap(({ box }) => cropFace(pixels, box) ?? []);
      }),
    );
    const [own, plain, before] = await Promise.all([scorer!, plainScorer!, reward!].map((model) => meanScores(model, crops)));
    return pictures.map(({ pixels, caption }, i) => ({
      values: {
        agreement: agreement.score(rows[i]!, caption),
        reward: before![i]!,
        preference: preferences[i]!,
        faceScore: own![i]!,
        faceScorePlain: plain![i]!,
        faceFound: crops[i]!.length > 0 ? 1 : 0,
        sharpness: sharpness(pixels),
        contrast: contrast(pixels),
      },
      features: [...rows[i]!],
    }));
  };
}

/** The mean over the faces of each picture. */
async function meanScores(model: FaceScoreModel, crops: readonly (readonly ImageBuffer[])[]): Promise<(number | null)[]> {
  const scores = await model.score(crops.flat(), PROMPT);
  let at = 0;
  return crops.map(({ length }) => {
    const own = scores.slice(at, (at += length));
    return length === 0 ? null : own.reduce((a, b) => a + b, 0) / length;
  });
}
