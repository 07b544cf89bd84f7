// Model handles opened for use: diffusion, face score, face detector, feature network; and the pictures they take and give.
export {
  componentKey,
  componentOf,
  componentTensors,
  componentText,
  componentWeights,
  digestOf,
  openParts,
  type Component,
} from './model-files.ts';
export * from './diffusion/conditioning.ts';
export * from './diffusion/denoise.ts';
export * from './diffusion/lora-additions.ts';
export * from './diffusion/open-diffusion.ts';
export * from './drawing/draw-group.ts';
export * from './drawing/groups.ts';
export type { SamplingSettings } from './drawing/ports.ts';
export * from './drawing/repaint.ts';
export * from './drawing/repaint-area.ts';
export * from './drawing/watch-drawing.ts';
export { err as pipelineErrors } from './errors.ts';
export * from './exported/index.ts';
export { fusedWhere } from './fused-where.ts';
export * from './image/boxes.ts';
export * from './image/contact-sheet.ts';
export * from './image/draw-boxes.ts';
export * from './image/face-area.ts';
export * from './image/images-by-key.ts';
export * from './image/picture-measures.ts';
export * from './image/media-type.ts';
export * from './image/resize.ts';
export * from './image/store-picture.ts';
export * from './keyed-seed.ts';
export * from './ledger.ts';
export * from './made-by.ts';
export * from './open-detector.ts';
export * from './open-dino.ts';
export * from './open-face-score.ts';
export * from './open-features.ts';
export { openClipTokenizer } from './open-tokenizer.ts';
export { clipVocabulary } from './prompts/clip-vocabulary.ts';
export * from './run-rows.ts';
export * from './safe-name.ts';
export { alignFace } from './scores/align-face.ts';
export { bertVocabulary } from './scores/bert-vocabulary.ts';
export { err as scoreErrors } from './scores/errors.ts';
export * from './scores/open-aesthetic.ts';
export * from './scores/open-clip.ts';
export * from './scores/open-face-quality.ts';
export * from './scores/open-metrics.ts';
export * from './scores/open-scorer.ts';
export * from './scores/pixels.ts';
export * from './scores/score-pictures.ts';
export { withoutModulePrefix } from './scores/scorer-tensors.ts';
export * from './tiles/tiled.ts';
export * from './training/choose-precision.ts';
export * from './training/record-training.ts';
export * from './training/resumable.ts';
export * from './training/run-training.ts';
