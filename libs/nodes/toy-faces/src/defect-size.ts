// How large the defects of a face are, and the same defects made smaller.
import { NO_DEFECTS } from './face-scene.ts';
import type { Defects, FaceScene, Shift } from './face-scene.ts';

const length = ({ x, y }: Shift) => Math.hypot(x, y);
/** What a surplus eye counts: as much as the farthest that deformScene displaces a part. */
const SURPLUS = 0.25;

/**
 * The sum, over eyes, nose and mouth, of how far each lies from its place and how much larger or smaller its half width is than it should be, of how far the corners of a turned mouth
 * are moved, and 0.25 for a surplus eye; in units of the head's half height. 0 for a sound face; a face deformed by deformScene has about 0.4.
 */
export function defectSize({ defects, eyeSize, noseWidth, mouthWidth }: FaceScene): number {
  const { leftEye, rightEye, nose, mouth } = defects;
  const displaced = [leftEye, rightEye, nose, mouth].reduce((sum, shift) => sum + length(shift), 0);
  const resized =
    eyeSize * (Math.abs(1 - defects.leftEyeScale) + Math.abs(1 - defects.rightEyeScale)) +
    noseWidth * Math.abs(1 - defects.noseScale) +
    mouthWidth * Math.abs(1 - defects.mouthScale);
  const turned = mouthWidth * Math.abs(2 * Math.sin(defects.mouthTilt / 2));
  return displaced + resized + turned + (defects.surplusEye ? SURPLUS : 0);
}

/** The defects between none (amount 0) and all (1): parts lie and measure in between, a surplus eye is there from a half on. */
export function partOfDefects(defects: Defects, amount: number): Defects {
  const shift = ({ x, y }: Shift): Shift => ({ x: x * amount, y: y * amount });
  const scale = (factor: number) => 1 + (factor - 1) * amount;
  const { surplusEye, ...all } = defects;
  return {
    ...NO_DEFECTS,
    leftEye: shift(all.leftEye),
    rightEye: shift(all.rightEye),
    nose: shift(all.nose),
    mouth: shift(all.mouth),
    mouthTilt: all.mouthTilt * amount,
    leftEyeScale: scale(all.leftEyeScale),
    rightEyeScale: scale(all.rightEyeScale),
    noseScale: scale(all.noseScale),
    mouthScale: scale(all.mouthScale),
    ...(surplusEye && amount >= 0.5 && { surplusEye }),
  };
}
