// A preference for sound faces read out of features that were learned for something else: what HPS is to CLIP.
import type { ImageBuffer } from '@facewright/tensor';
import { fitRidge } from '../ridge.ts';

/** Features and their products: whether parts of a face fit each other is no sum of where each is. */
const withProducts = (row: Float32Array): number[] => [
  ...row,
  ...[...row].flatMap((a, i) => [...row.subarray(0, i + 1)].map((b) => a * b)),
];

export interface JudgedPicture {
  readonly pixels: ImageBuffer;
  readonly deformed: boolean;
}

/** Learns from drawn faces, some of them deformed, which is which; gives how sound a picture's face looks, about 1 for sound ones and 0 for deformed ones. */
export async function fitPreference(
  features: (pictures: readonly ImageBuffer[]) => Promise<Float32Array[]>,
  judged: readonly JudgedPicture[],
): Promise<(pictures: readonly ImageBuffer[]) => Promise<number[]>> {
  const rows = await features(judged.map(({ pixels }) => pixels));
  const reader = fitRidge(
    rows.map(withProducts),
    judged.map(({ deformed }) => [deformed ? 0 : 1]),
    { strength: 0.3 },
  );
  return async (pictures) => (await features(pictures)).map((row) => reader.predict(withProducts(row))[0]!);
}
