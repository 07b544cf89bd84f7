// Defective versions of a face: parts displaced, unequal, missing or surplus.
import type { FaceScene, Shift } from './face-scene.ts';
import { around, between, pick } from './random-draws.ts';
import type { Random } from './random-draws.ts';

/**
 * The scene with a defective face; everything else stays. At least one eye, the nose or the mouth is displaced by 0.1 to 0.25 of the
 * head's half height; eyes may differ in size, the mouth be turned, a part be missing or an eye be surplus.
 */
export function deformScene(scene: FaceScene, rng: Random): FaceScene {
  const displaced = (): Shift => {
    const angle = between(rng, 0, 2 * Math.PI);
    const length = between(rng, 0.1, 0.25);
    return { x: Math.cos(angle) * length, y: Math.sin(angle) * length };
  };
  const sure = pick(rng, ['leftEye', 'rightEye', 'nose', 'mouth'] as const);
  const shiftOf = (part: typeof sure): Shift => (part === sure || rng() < 0.4 ? displaced() : { x: 0, y: 0 });
  const unequal = rng() < 0.5 ? between(rng, 0.55, 0.75) : 1;
  const smallLeft = rng() < 0.5;
  const missing = rng() < 0.15 ? pick(rng, ['leftEye', 'rightEye', 'nose', 'mouth'] as const) : undefined;
  const surplus = rng() < 0.1;
  const defects = {
    leftEye: shiftOf('leftEye'),
    rightEye: shiftOf('rightEye'),
    nose: shiftOf('nose'),
    mouth: shiftOf('mouth'),
    mouthTilt: rng() < 0.4 ? around(rng, 0, 0.7) : 0,
    leftEyeScale: missing === 'leftEye' ? 0 : smallLeft ? unequal : 1 / Math.sqrt(unequal),
    rightEyeScale: missing === 'rightEye' ? 0 : smallLeft ? 1 / Math.sqrt(unequal) : unequal,
    noseScale: missing === 'nose' ? 0 : 1,
    mouthScale: missing === 'mouth' ? 0 : 1,
  };
  return { ...scene, defects: surplus ? { ...defects, surplusEye: { x: around(rng, 0, 0.4), y: between(rng, -0.5, 0.5) } } : defects };
}
