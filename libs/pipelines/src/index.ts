// Model handles opened for use: diffusion, face score, face detector, feature network; and the pictures they take and give.
export { componentKey, componentOf, componentTensors, componentText, componentWeights, digestOf, type Component } from './model-files.ts';
export * from './denoise.ts';
export { err as pipelineErrors } from './errors.ts';
export * from './image/boxes.ts';
export * from './image/contact-sheet.ts';
export * from './image/draw-boxes.ts';
export * from './image/resize.ts';
export * from './keyed-seed.ts';
export * from './lora-additions.ts';
export * from './record-training.ts';
export * from './open-detector.ts';
export * from './open-diffusion.ts';
export * from './open-face-score.ts';
export * from './open-features.ts';
export * from './run-rows.ts';
export * from './exported/index.ts';
export * from './tiles/tiled.ts';
