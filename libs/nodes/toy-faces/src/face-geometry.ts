// Where the parts of a scene's face lie: local positions, the face box and the five landmarks.
import { PICTURE_SIZE } from './face-scene.ts';
import type { FaceScene, Shift } from './face-scene.ts';
import { frameAt, toPicture } from './shape-canvas.ts';
import type { Frame } from './shape-canvas.ts';

export type Point = [x: number, y: number];
export type Box = [x1: number, y1: number, x2: number, y2: number];

/** An eye in local pixels of the head's frame. */
export interface EyePlace {
  readonly u: number;
  readonly v: number;
  readonly radiusU: number;
  readonly radiusV: number;
}

export interface FacePlaces {
  readonly frame: Frame;
  /** Half width and half height of the head in pixels. */
  readonly radiusU: number;
  readonly radiusV: number;
  readonly leftEye: EyePlace;
  readonly rightEye: EyePlace;
  readonly nose: { readonly u: number; readonly top: number; readonly tip: number; readonly radius: number };
  readonly mouth: { readonly frame: Frame; readonly halfWidth: number; readonly rise: number; readonly openness: number };
  readonly surplusEye?: EyePlace;
}

/** Local places, in pixels, of all parts of the face, with the turn of the head and any defects applied. */
export function placesOf(scene: FaceScene): FacePlaces {
  const { headRadius: radius, aspect, defects } = scene;
  const frame = frameAt(scene.headX, scene.headY, scene.roll);
  // The face is taken for a spheroid: a part at horizontal angle a turns to a + yaw and narrows with the cosine.
  const turned = (across: number): { u: number; narrowing: number } => {
    const angle = Math.asin(Math.max(-1, Math.min(1, across / aspect))) + scene.yaw;
    return { u: aspect * Math.sin(angle) * radius, narrowing: Math.cos(angle) / Math.cos(angle - scene.yaw) };
  };
  const eye = (across: number, up: number, shift: Shift, scale: number): EyePlace => {
    const { u, narrowing } = turned(across);
    return {
      u: u + shift.x * radius,
      v: (-up + shift.y) * radius,
      radiusU: scene.eyeSize * radius * Math.min(1.05, narrowing) * scale,
      radiusV: scene.eyeSize * scene.eyeOpenness * radius * scale,
    };
  };
  const centre = turned(0);
  const noseU = centre.u * 1.12 + defects.nose.x * radius;
  const noseTop = (-scene.eyeHeight + 0.1 + defects.nose.y) * radius;
  const mouthU = centre.u + defects.mouth.x * radius;
  const mouthV = (0.5 + defects.mouth.y) * radius;
  const [mouthX, mouthY] = toPicture(frame, mouthU, mouthV);
  const places: FacePlaces = {
    frame,
    radiusU: aspect * radius,
    radiusV: radius,
    leftEye: eye(-scene.eyeSpacing, scene.eyeHeight, defects.leftEye, defects.leftEyeScale),
    rightEye: eye(scene.eyeSpacing, scene.eyeHeight, defects.rightEye, defects.rightEyeScale),
    nose: {
      u: noseU,
      top: noseTop,
      tip: noseTop + scene.noseLength * radius,
      radius: scene.noseWidth * radius * defects.noseScale,
    },
    mouth: {
      frame: frameAt(mouthX, mouthY, scene.roll + defects.mouthTilt),
      halfWidth: scene.mouthWidth * radius * centre.narrowing * defects.mouthScale,
      rise: scene.mouthCurvature * radius * defects.mouthScale,
      openness: scene.mouthOpenness * radius * defects.mouthScale,
    },
  };
  if (!defects.surplusEye) return places;
  return { ...places, surplusEye: eye(0, 0, defects.surplusEye, 0.85) };
}

/** The smallest upright box, in pixels [x1, y1, x2, y2], that holds the head's ellipse, cut at the picture's edge. */
export function boxOf(scene: FaceScene): Box {
  const { frame, radiusU, radiusV } = placesOf(scene);
  const reachX = Math.hypot(radiusU * frame.cos, radiusV * frame.sin);
  const reachY = Math.hypot(radiusU * frame.sin, radiusV * frame.cos);
  const inside = (value: number): number => Math.max(0, Math.min(PICTURE_SIZE, value));
  return [inside(frame.x - reachX), inside(frame.y - reachY), inside(frame.x + reachX), inside(frame.y + reachY)];
}

/** Five points in pixels: eye at the picture's left, eye at its right, tip of the nose, left and right corner of the mouth. */
export function landmarksOf(scene: FaceScene): [Point, Point, Point, Point, Point] {
  const { frame, leftEye, rightEye, nose, mouth } = placesOf(scene);
  return [
    toPicture(frame, leftEye.u, leftEye.v),
    toPicture(frame, rightEye.u, rightEye.v),
    toPicture(frame, nose.u, nose.tip),
    toPicture(mouth.frame, -mouth.halfWidth, -mouth.rise),
    toPicture(mouth.frame, mouth.halfWidth, -mouth.rise),
  ];
}
