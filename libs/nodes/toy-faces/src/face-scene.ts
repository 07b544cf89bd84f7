// A face in a simple scene as plain numbers and names, and how such scenes are drawn by lot.
import { around, between, pick } from './random-draws.ts';
import type { Random } from './random-draws.ts';

/** Red, green, blue in 0..255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** Width and height of a drawn picture in pixels. */
export const PICTURE_SIZE = 64;

export const SUBJECTS = ['woman', 'man'] as const;
export const EXPRESSIONS = ['smiling', 'neutral', 'sad', 'surprised', 'laughing'] as const;
export const HAIR_STYLES = ['long', 'bob', 'short', 'curly', 'bun', 'bald'] as const;
export const BACKGROUNDS = ['plain', 'gradient', 'shapes'] as const;
export const DISTRACTORS = ['circle', 'square', 'triangle'] as const;

export const SKIN_TONES = {
  pale: [248, 216, 190],
  light: [238, 194, 158],
  tan: [212, 158, 114],
  brown: [160, 108, 72],
  dark: [112, 72, 48],
} as const satisfies Record<string, Colour>;

export const HAIR_COLOURS = {
  black: [38, 32, 36],
  brown: [98, 60, 34],
  blond: [232, 196, 96],
  red: [190, 78, 34],
  gray: [164, 164, 170],
} as const satisfies Record<string, Colour>;

export const IRIS_COLOURS = {
  brown: [92, 54, 28],
  blue: [52, 116, 196],
  green: [58, 138, 82],
} as const satisfies Record<string, Colour>;

export const BACKGROUND_COLOURS = {
  blue: [112, 168, 224],
  green: [132, 192, 132],
  yellow: [240, 216, 124],
  pink: [240, 170, 188],
  purple: [166, 140, 206],
  gray: [176, 180, 186],
  white: [236, 238, 240],
  orange: [240, 176, 112],
} as const satisfies Record<string, Colour>;

export const CLOTHING_COLOURS = {
  red: [200, 56, 56],
  blue: [52, 84, 176],
  green: [48, 130, 84],
  yellow: [226, 184, 48],
  white: [238, 238, 232],
  black: [48, 48, 56],
  purple: [120, 68, 148],
} as const satisfies Record<string, Colour>;

export type Subject = (typeof SUBJECTS)[number];
export type Expression = (typeof EXPRESSIONS)[number];
export type HairStyle = (typeof HAIR_STYLES)[number];
export type BackgroundKind = (typeof BACKGROUNDS)[number];
export type DistractorShape = (typeof DISTRACTORS)[number];
export type SkinTone = keyof typeof SKIN_TONES;
export type HairColour = keyof typeof HAIR_COLOURS;
export type IrisColour = keyof typeof IRIS_COLOURS;
export type BackgroundColour = keyof typeof BACKGROUND_COLOURS;
export type ClothingColour = keyof typeof CLOTHING_COLOURS;

/** A simple shape behind the head; centre and radius in pixels, angle in radians. */
export interface Distractor {
  readonly shape: DistractorShape;
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly angle: number;
  readonly rgb: Colour;
}

/** A displacement in units of the head's half height. */
export interface Shift {
  readonly x: number;
  readonly y: number;
}

/** What is wrong with a face; {@link NO_DEFECTS} for a sound one. Left and right are the picture's. */
export interface Defects {
  readonly leftEye: Shift;
  readonly rightEye: Shift;
  readonly nose: Shift;
  readonly mouth: Shift;
  /** Radians by which the mouth is turned against the face. */
  readonly mouthTilt: number;
  /** Factors on the size of each eye; 0 leaves the eye out. */
  readonly leftEyeScale: number;
  readonly rightEyeScale: number;
  /** Factors on the sizes of nose and mouth; 0 leaves the part out. */
  readonly noseScale: number;
  readonly mouthScale: number;
  /** Where a surplus eye sits, from the face's centre; absent without one. */
  readonly surplusEye?: Shift;
}

export const NO_DEFECTS: Defects = {
  leftEye: { x: 0, y: 0 },
  rightEye: { x: 0, y: 0 },
  nose: { x: 0, y: 0 },
  mouth: { x: 0, y: 0 },
  mouthTilt: 0,
  leftEyeScale: 1,
  rightEyeScale: 1,
  noseScale: 1,
  mouthScale: 1,
};

/**
 * A face and its surroundings. Positions are in pixels of the picture; sizes of facial parts are in units of the head's half height
 * `headRadius`; angles are in radians; colours are the varied ones that are drawn, beside the names they vary about.
 */
export interface FaceScene {
  readonly subject: Subject;
  readonly expression: Expression;
  readonly headX: number;
  readonly headY: number;
  readonly headRadius: number;
  /** Width of the head over its height. */
  readonly aspect: number;
  readonly roll: number;
  /** Turn of the head about its vertical axis; positive looks to the picture's right. */
  readonly yaw: number;
  readonly skinTone: SkinTone;
  readonly skin: Colour;
  readonly hairStyle: HairStyle;
  readonly hairColour: HairColour;
  readonly hair: Colour;
  /** Height of the forehead: distance of the hairline above the head's centre. */
  readonly hairline: number;
  /** Side of the parting, -1..1. */
  readonly parting: number;
  readonly beard: boolean;
  readonly eyeSpacing: number;
  readonly eyeHeight: number;
  readonly eyeSize: number;
  /** Openness of the eyes, height over width. */
  readonly eyeOpenness: number;
  /** Where the eyes look, -1..1. */
  readonly gaze: number;
  readonly irisColour: IrisColour;
  readonly iris: Colour;
  readonly browHeight: number;
  /** Radians by which the brows' outer ends hang. */
  readonly browTilt: number;
  readonly browThickness: number;
  readonly noseLength: number;
  readonly noseWidth: number;
  readonly mouthWidth: number;
  /** How far the corners rise above the middle of the mouth; negative when they hang. */
  readonly mouthCurvature: number;
  /** Half the height of the opening between the lips. */
  readonly mouthOpenness: number;
  readonly lips: Colour;
  readonly glasses: boolean;
  readonly hat: boolean;
  readonly hatColour: Colour;
  readonly background: BackgroundKind;
  readonly backgroundColour: BackgroundColour;
  readonly backgroundFrom: Colour;
  readonly backgroundTo: Colour;
  readonly backgroundAngle: number;
  readonly distractors: readonly Distractor[];
  readonly clothingColour: ClothingColour;
  readonly clothing: Colour;
  /** Direction the light comes from, in the picture; 0 is from the right, negative from above. */
  readonly lightAngle: number;
  readonly defects: Defects;
}

/** Draws a sound face in a scene by lot; the same source of randomness gives the same scene. */
export function sampleScene(rng: Random): FaceScene {
  const subject = pick(rng, SUBJECTS);
  const expression = pick(rng, EXPRESSIONS, [3, 2.5, 1.5, 1.5, 1.5]);
  const headRadius = between(rng, 16.5, 20);
  const skinTone = pick(rng, namesOf(SKIN_TONES));
  const hairStyle = pick(rng, HAIR_STYLES, subject === 'woman' ? [4, 3, 1, 2, 2, 0] : [0.7, 0.3, 5, 2, 0, 2]);
  const hairColour = pick(rng, namesOf(HAIR_COLOURS));
  const irisColour = pick(rng, namesOf(IRIS_COLOURS));
  const background = pick(rng, BACKGROUNDS, [1, 1.2, 0.8]);
  const backgroundColour = pick(rng, namesOf(BACKGROUND_COLOURS));
  const clothingColour = pick(rng, namesOf(CLOTHING_COLOURS));
  const backgroundFrom = vary(rng, BACKGROUND_COLOURS[backgroundColour], 12);
  const hat = hairStyle !== 'bun' && rng() < 0.16;
  const mouth = mouthFor(rng, expression);
  return {
    subject,
    expression,
    headX: around(rng, 32, 5),
    headY: around(rng, 32.5, 3),
    headRadius,
    aspect: between(rng, 0.76, 0.88),
    roll: around(rng, 0, 0.24),
    yaw: around(rng, 0, 0.4),
    skinTone,
    skin: vary(rng, SKIN_TONES[skinTone], 7),
    hairStyle,
    hairColour,
    hair: vary(rng, HAIR_COLOURS[hairColour], 8),
    hairline: between(rng, 0.46, 0.62),
    parting: between(rng, -1, 1),
    beard: subject === 'man' && rng() < 0.3,
    eyeSpacing: between(rng, 0.32, 0.37),
    eyeHeight: between(rng, 0.08, 0.16),
    eyeSize: between(rng, 0.2, 0.245),
    eyeOpenness: between(rng, 0.6, 0.78) * (expression === 'surprised' ? 1.25 : 1),
    gaze: around(rng, 0, 0.7),
    irisColour,
    iris: vary(rng, IRIS_COLOURS[irisColour], 8),
    browHeight: between(rng, 0.22, 0.27) + (expression === 'surprised' ? 0.08 : 0),
    browTilt: around(rng, expression === 'sad' ? 0.34 : -0.02, 0.12),
    browThickness: between(rng, 0.035, 0.05) * (subject === 'man' ? 1.35 : 1),
    noseLength: between(rng, 0.2, 0.29),
    noseWidth: between(rng, 0.085, 0.125),
    ...mouth,
    lips: subject === 'woman' ? vary(rng, [196, 56, 72], 14) : vary(rng, [190, 92, 86], 10),
    glasses: rng() < 0.22,
    hat,
    hatColour: vary(rng, CLOTHING_COLOURS[pick(rng, namesOf(CLOTHING_COLOURS))], 10),
    background,
    backgroundColour,
    backgroundFrom,
    backgroundTo: background === 'gradient' ? scaled(backgroundFrom, between(rng, 0.55, 0.75)) : backgroundFrom,
    backgroundAngle: between(rng, 0, 2 * Math.PI),
    distractors: background === 'shapes' ? sampleDistractors(rng, backgroundFrom) : [],
    clothingColour,
    clothing: vary(rng, CLOTHING_COLOURS[clothingColour], 10),
    lightAngle: between(rng, -Math.PI + 0.4, -0.4),
    defects: NO_DEFECTS,
  };
}

/** The colour with every channel multiplied by a factor and kept in 0..255. */
export function scaled(colour: Colour, factor: number): Colour {
  const channel = (value: number): number => Math.max(0, Math.min(255, value * factor));
  return [channel(colour[0]), channel(colour[1]), channel(colour[2])];
}

/** The keys of a table in their declared order. */
export function namesOf<K extends string>(table: Readonly<Record<K, unknown>>): K[] {
  return Object.keys(table) as K[];
}

function mouthFor(rng: Random, expression: Expression): Pick<FaceScene, 'mouthWidth' | 'mouthCurvature' | 'mouthOpenness'> {
  switch (expression) {
    case 'smiling':
      return { mouthWidth: between(rng, 0.27, 0.34), mouthCurvature: between(rng, 0.1, 0.15), mouthOpenness: 0 };
    case 'laughing':
      return { mouthWidth: between(rng, 0.27, 0.34), mouthCurvature: between(rng, 0.09, 0.13), mouthOpenness: between(rng, 0.12, 0.16) };
    case 'neutral':
      return { mouthWidth: between(rng, 0.2, 0.27), mouthCurvature: between(rng, -0.015, 0.015), mouthOpenness: 0 };
    case 'sad':
      return { mouthWidth: between(rng, 0.2, 0.27), mouthCurvature: between(rng, -0.14, -0.09), mouthOpenness: 0 };
    case 'surprised':
      return { mouthWidth: between(rng, 0.11, 0.15), mouthCurvature: 0, mouthOpenness: between(rng, 0.13, 0.18) };
  }
}

function sampleDistractors(rng: Random, behind: Colour): Distractor[] {
  const count = 1 + Math.floor(rng() * 3);
  return Array.from({ length: count }, () => ({
    shape: pick(rng, DISTRACTORS),
    x: rng() < 0.5 ? between(rng, 3, 15) : between(rng, 49, 61),
    y: between(rng, 4, 46),
    radius: between(rng, 4, 8),
    angle: between(rng, 0, Math.PI),
    rgb: scaled(vary(rng, behind, 30), rng() < 0.5 ? 0.72 : 1.14),
  }));
}

/** The colour with a common change of brightness and a smaller one of each channel. */
function vary(rng: Random, colour: Colour, spread: number): Colour {
  const common = around(rng, 0, spread);
  const channel = (value: number): number => Math.max(0, Math.min(255, value + common + around(rng, 0, spread / 2)));
  return [channel(colour[0]), channel(colour[1]), channel(colour[2])];
}
