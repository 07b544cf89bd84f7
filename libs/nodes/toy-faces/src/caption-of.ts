// Captions of scenes in a small bounded vocabulary.
import { BACKGROUND_COLOURS, CLOTHING_COLOURS, EXPRESSIONS, HAIR_COLOURS, SKIN_TONES, SUBJECTS, namesOf } from './face-scene.ts';
import type { FaceScene } from './face-scene.ts';
import type { Random } from './random-draws.ts';

/** Every word that a caption may hold, without repeats. */
export const CAPTION_VOCABULARY: readonly string[] = [
  ...new Set([
    ...[
      'a',
      'an',
      'with',
      'and',
      'in',
      'front',
      'of',
      'facing',
      'left',
      'right',
      'skin',
      'hair',
      'shirt',
      'background',
      'shapes',
      'gradient',
    ],
    ...['long', 'bob', 'short', 'curly', 'bun', 'bald', 'glasses', 'hat', 'beard'],
    ...SUBJECTS,
    ...EXPRESSIONS,
    ...namesOf(SKIN_TONES),
    ...namesOf(HAIR_COLOURS),
    ...namesOf(CLOTHING_COLOURS),
    ...namesOf(BACKGROUND_COLOURS),
  ]),
];

/** Turn of the head, in radians, from which the caption says which way the face looks. */
const SAID_YAW = 0.2;

/**
 * Says what the scene shows, for example "a smiling woman with pale skin and long red hair and glasses in a blue shirt in front of a
 * green background"; at most 32 words. With a random source every detail but the subject is left out with probability `omission`.
 */
export function captionOf(scene: FaceScene, rng?: Random, omission = 0.2): string {
  const said = (words: string): string[] => (rng && rng() < omission ? [] : [words]);
  const bald = scene.hairStyle === 'bald';
  const expression = said(scene.expression);
  const traits = [
    ...said(`${scene.skinTone} skin`),
    ...(bald ? [] : said(hairWords(scene))),
    ...(scene.beard ? said('a beard') : []),
    ...(scene.glasses ? said('glasses') : []),
    ...(scene.hat ? said('a hat') : []),
  ];
  const place =
    scene.background === 'plain' ? 'background' : scene.background === 'gradient' ? 'gradient background' : 'background with shapes';
  const turned = Math.abs(scene.yaw) >= SAID_YAW ? said(`facing ${scene.yaw > 0 ? 'right' : 'left'}`) : [];
  return [
    'a',
    ...expression,
    ...(bald ? said('bald') : []),
    scene.subject,
    ...(traits.length > 0 ? [`with ${traits.join(' and ')}`] : []),
    ...turned,
    ...said(`in a ${scene.clothingColour} shirt`),
    ...said(`in front of ${scene.backgroundColour === 'orange' ? 'an' : 'a'} ${scene.backgroundColour} ${place}`),
  ].join(' ');
}

function hairWords({ hairStyle, hairColour }: FaceScene): string {
  return hairStyle === 'bun'
    ? `${hairColour} hair in a bun`
    : hairStyle === 'bob'
      ? `a ${hairColour} bob`
      : `${hairStyle} ${hairColour} hair`;
}
