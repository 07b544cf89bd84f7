// Whether a score ranks a good face above its blurred, sharpened and noised versions and above its repainted counterpart, on pictures that no training saw.
import type { NodeContext, PairSet } from '@facewright/core';
import { cropFace, type FaceScoreModel } from '@facewright/pipelines';
import { addNoise, blur, createRng, sharpen, type ImageBuffer, type Rng } from '@facewright/tensor';

/** Of the face's crop; strengths in pixels of the 64-pixel picture and in bytes. */
const damages: Readonly<Record<string, (crop: ImageBuffer, rng: Rng) => ImageBuffer>> = {
  'blurred, σ 0.5': (crop) => blur(crop, 0.5),
  'blurred, σ 1': (crop) => blur(crop, 1),
  'sharpened × 1': (crop) => sharpen(crop, 1, 1),
  'sharpened × 2.5': (crop) => sharpen(crop, 1, 2.5),
  'noised, σ 8': (crop, rng) => addNoise(crop, 8, rng),
  'noised, σ 24': (crop, rng) => addNoise(crop, 24, rng),
};

export interface DegradationRow {
  readonly damage: string;
  readonly faces: number;
  /** Share of faces that score above the damaged version, by score; a tie counts as wrong. */
  readonly accuracy: Readonly<Record<string, number>>;
}

/** 'repainted' first, then each damage of the good faces. */
export async function degradationTable(
  { pairs }: PairSet,
  scores: Readonly<Record<string, FaceScoreModel>>,
  context: NodeContext,
): Promise<DegradationRow[]> {
  const faces: { readonly good: ImageBuffer; readonly bad: ImageBuffer }[] = [];
  for (const { good, bad, boxes } of pairs) {
    const [whole, worse] = [await context.images.read(good), await context.images.read(bad)];
    for (const box of boxes) {
      const [a, b] = [cropFace(whole, box), cropFace(worse, box)];
      if (a && b) faces.push({ good: a, bad: b });
    }
  }
  const rng = createRng(77);
  const versions: Readonly<Record<string, readonly ImageBuffer[]>> = {
    repainted: faces.map(({ bad }) => bad),
    ...Object.fromEntries(Object.entries(damages).map(([name, damage]) => [name, faces.map(({ good }) => damage(good, rng))])),
  };
  const say = async (crops: readonly ImageBuffer[]) =>
    Object.fromEntries(
      await Promise.all(Object.entries(scores).map(async ([name, model]) => [name, await model.score(crops, 'A face.')] as const)),
    );
  const good = await say(faces.map((face) => face.good));
  const rows: DegradationRow[] = [];
  for (const [damage, crops] of Object.entries(versions)) {
    const said = await say(crops);
    rows.push({
      damage,
      faces: faces.length,
      accuracy: Object.fromEntries(
        Object.keys(scores).map((name) => [name, good[name]!.filter((score, i) => score > said[name]![i]!).length / faces.length]),
      ),
    });
  }
  return rows;
}
