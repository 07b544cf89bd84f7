// A scene's visible parameters as regression targets of about unit scale.
import { landmarksOf } from './face-geometry.ts';
import { BACKGROUNDS, EXPRESSIONS, HAIR_STYLES, SUBJECTS } from './face-scene.ts';
import type { Colour, FaceScene } from './face-scene.ts';

/** Names of the values of {@link parametersOf}, in order. */
export const PARAMETER_NAMES: readonly string[] = [
  ...['headX', 'headY', 'headRadius', 'aspect', 'roll', 'yaw'],
  ...['leftEye', 'rightEye', 'nose', 'leftMouth', 'rightMouth'].flatMap((name) => [`${name}X`, `${name}Y`]),
  ...['eyeSize', 'eyeOpenness', 'gaze', 'browHeight', 'browTilt', 'noseLength', 'noseWidth'],
  ...['mouthWidth', 'mouthCurvature', 'mouthOpenness', 'hairline', 'parting', 'lightX'],
  ...['skin', 'hair', 'iris', 'lips', 'clothing', 'backgroundFrom', 'backgroundTo'].flatMap((name) => [`${name}R`, `${name}G`, `${name}B`]),
  ...[...SUBJECTS, ...EXPRESSIONS, ...HAIR_STYLES, ...BACKGROUNDS],
  ...['beard', 'glasses', 'hat'],
];

/** The parameters in the order of {@link PARAMETER_NAMES}; continuous ones shifted and scaled to about -1..1, names and flags as -1 or 1. */
export function parametersOf(scene: FaceScene): number[] {
  const within = (value: number, low: number, high: number): number => (2 * (value - low)) / (high - low) - 1;
  const colour = (rgb: Colour): number[] => rgb.map((channel) => within(channel, 0, 255));
  const flag = (on: boolean): number => (on ? 1 : -1);
  const oneHot = (names: readonly string[], name: string): number[] => names.map((candidate) => flag(candidate === name));
  const landmarks = landmarksOf(scene).flatMap(([x, y]) => [
    within((x - scene.headX) / scene.headRadius, -0.7, 0.7),
    within((y - scene.headY) / scene.headRadius, -0.7, 0.7),
  ]);
  return [
    within(scene.headX, 27, 37),
    within(scene.headY, 29.5, 35.5),
    within(scene.headRadius, 16.5, 20),
    within(scene.aspect, 0.76, 0.88),
    within(scene.roll, -0.24, 0.24),
    within(scene.yaw, -0.4, 0.4),
    ...landmarks,
    within(scene.eyeSize, 0.2, 0.245),
    within(scene.eyeOpenness, 0.6, 0.97),
    scene.gaze,
    within(scene.browHeight, 0.22, 0.35),
    within(scene.browTilt, -0.14, 0.46),
    within(scene.noseLength, 0.2, 0.29),
    within(scene.noseWidth, 0.085, 0.125),
    within(scene.mouthWidth, 0.11, 0.34),
    within(scene.mouthCurvature, -0.14, 0.15),
    within(scene.mouthOpenness, 0, 0.18),
    within(scene.hairline, 0.46, 0.62),
    scene.parting,
    Math.cos(scene.lightAngle),
    ...colour(scene.skin),
    ...colour(scene.hair),
    ...colour(scene.iris),
    ...colour(scene.lips),
    ...colour(scene.clothing),
    ...colour(scene.backgroundFrom),
    ...colour(scene.backgroundTo),
    ...oneHot(SUBJECTS, scene.subject),
    ...oneHot(EXPRESSIONS, scene.expression),
    ...oneHot(HAIR_STYLES, scene.hairStyle),
    ...oneHot(BACKGROUNDS, scene.background),
    flag(scene.beard),
    flag(scene.glasses),
    flag(scene.hat),
  ];
}
