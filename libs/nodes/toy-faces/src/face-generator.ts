// The procedural generator of faces in simple scenes: draw a scene by lot, picture, caption, box, landmarks, parameters, defects.
export { PICTURE_SIZE, sampleScene } from './face-scene.ts';
export type { Colour, Defects, FaceScene } from './face-scene.ts';
export { drawScene } from './draw-scene.ts';
export { CAPTION_VOCABULARY, captionOf } from './caption-of.ts';
export { boxOf, landmarksOf } from './face-geometry.ts';
export type { Box, Point } from './face-geometry.ts';
export { PARAMETER_NAMES, parametersOf } from './parameters-of.ts';
export { defectSize, partOfDefects } from './defect-size.ts';
export { deformScene } from './deform-scene.ts';
export type { Random } from './random-draws.ts';
