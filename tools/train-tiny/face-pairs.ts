// Pairs of crops of one face, the second worse than the first by a known kind of damage: what the face score is trained and tested on.
import { boxOf, deformScene, drawScene, sampleScene, type FaceScene } from '@facewright/node-toy-faces';
import { cropImage, resizeAndCropCentre } from '@facewright/pipelines';
import type { Runtime } from '@facewright/runtime';
import { createRng, type ImageBuffer, type Rng } from '@facewright/tensor';
import { blurred, noisy, sharpened } from './degrade.ts';
import { PICTURE_BYTES, SIDE } from './face-set.ts';
import { decodeLatents, encodePictures, type Weights } from './latents.ts';

export const DAMAGES = ['deformed', 'blurred', 'noisy', 'sharpened', 'deformed and blurred'] as const;
export type Damage = (typeof DAMAGES)[number];
const SHARES: Readonly<Record<Damage, number>> = { deformed: 0.5, blurred: 0.18, noisy: 0.12, sharpened: 0.1, 'deformed and blurred': 0.1 };

export interface FacePair {
  readonly damage: Damage;
  /** Whether both went through the autoencoder, as everything does that the diffusion model draws. */
  readonly soft: boolean;
  /** The first was sound; else it was damaged too, but less. */
  readonly sound: boolean;
  readonly good: ImageBuffer;
  readonly bad: ImageBuffer;
}

export interface PairSettings {
  readonly seed: number;
  readonly count: number;
  /** Share of pairs that go through the autoencoder. */
  readonly softShare: number;
  /** Side of the crops as the score network reads them. */
  readonly size: number;
}

/** Defects of a deformed scene, scaled: 0 is the sound face, 1 the deformed one. */
function partly({ defects, ...rest }: FaceScene, sound: FaceScene, amount: number): FaceScene {
  if (amount === 0) return sound;
  const shift = ({ x, y }: { readonly x: number; readonly y: number }) => ({ x: x * amount, y: y * amount });
  const factor = (scale: number) => 1 + (scale - 1) * amount;
  const { surplusEye, ...others } = defects;
  return {
    ...rest,
    defects: {
      ...others,
      leftEye: shift(defects.leftEye),
      rightEye: shift(defects.rightEye),
      nose: shift(defects.nose),
      mouth: shift(defects.mouth),
      mouthTilt: defects.mouthTilt * amount,
      leftEyeScale: factor(defects.leftEyeScale),
      rightEyeScale: factor(defects.rightEyeScale),
      noseScale: factor(defects.noseScale),
      mouthScale: factor(defects.mouthScale),
      ...(surplusEye && amount > 0.5 && { surplusEye }),
    },
  };
}

/** The picture of a scene damaged by `amount` in [0, 1]. */
function damaged(sound: FaceScene, deformed: FaceScene, damage: Damage, amount: number, rng: Rng): Uint8Array {
  const clean = () => drawScene(sound);
  if (amount === 0) return clean();
  switch (damage) {
    case 'deformed':
      return drawScene(partly(deformed, sound, amount));
    case 'blurred':
      return blurred(clean(), 0.4 + 1.6 * amount);
    case 'noisy':
      return noisy(clean(), 4 + 36 * amount, rng);
    case 'sharpened':
      return sharpened(clean(), 0.4 + 2.6 * amount);
    case 'deformed and blurred':
      return blurred(drawScene(partly(deformed, sound, amount)), 0.3 + amount);
  }
}

function pickDamage(rng: Rng): Damage {
  let left = rng();
  return DAMAGES.find((damage) => (left -= SHARES[damage]) < 0) ?? 'deformed';
}

/** Crops as FaceScore cuts them: the box and one pixel around it, here jittered by up to two pixels as detectors do, the same for both. */
function cropOf(pixels: Uint8Array, [x1, y1, x2, y2]: readonly [number, number, number, number], size: number): ImageBuffer {
  const clamp = (v: number) => Math.max(0, Math.min(SIDE, Math.trunc(v)));
  return resizeAndCropCentre(
    cropImage({ width: SIDE, height: SIDE, channels: 3, data: pixels }, clamp(x1 - 1), clamp(y1 - 1), clamp(x2 + 1), clamp(y2 + 1)),
    size,
  );
}

/** Draws pairs from a seed. Without an autoencoder (`vae` null) none is soft. */
export async function drawFacePairs(
  runtime: Runtime,
  vae: Weights | null,
  { seed, count, softShare, size }: PairSettings,
): Promise<FacePair[]> {
  const rng = createRng(seed);
  const softCount = vae ? Math.round(count * softShare) : 0;
  const pixels = new Uint8Array(2 * count * PICTURE_BYTES);
  const about = Array.from({ length: count }, (_, i) => {
    const sound = sampleScene(rng);
    const deformed = deformScene(sound, rng);
    const damage = pickDamage(rng);
    const worse = 0.35 + 0.65 * rng();
    const better = rng() < 0.65 ? 0 : Math.max(0, worse - 0.25 - 0.5 * rng());
    pixels.set(damaged(sound, deformed, damage, better, rng), 2 * i * PICTURE_BYTES);
    pixels.set(damaged(sound, deformed, damage, worse, rng), (2 * i + 1) * PICTURE_BYTES);
    const [x1, y1, x2, y2] = boxOf(sound).map((v) => v + 4 * rng() - 2) as [number, number, number, number];
    return { damage, sound: better === 0, box: [x1, y1, x2, y2] as const };
  });
  if (vae && softCount > 0) {
    const soft = await decodeLatents(runtime, vae, await encodePictures(runtime, vae, pixels, 2 * softCount));
    soft.forEach(({ data }, i) => pixels.set(data, i * PICTURE_BYTES));
  }
  return about.map(({ damage, sound, box }, i) => {
    const at = (n: number) => cropOf(pixels.subarray(n * PICTURE_BYTES, (n + 1) * PICTURE_BYTES), box, size);
    return { damage, sound, soft: i < softCount, good: at(2 * i), bad: at(2 * i + 1) };
  });
}
