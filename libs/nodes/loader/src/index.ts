// The loaders: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { loadDiffusion, loadDino, loadEmbedding, loadFaceDetector, loadFaceScore, loadFeatures, loadLora } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(loadDiffusion, () => import('./load-diffusion.ts')),
  nodePackage(loadLora, () => import('./load-lora.ts')),
  nodePackage(loadEmbedding, () => import('./load-embedding.ts')),
  nodePackage(loadFaceScore, () => import('./load-face-score.ts')),
  nodePackage(loadFaceDetector, () => import('./load-face-detector.ts')),
  nodePackage(loadFeatures, () => import('./load-features.ts')),
  nodePackage(loadDino, () => import('./load-dino.ts')),
];
export { err as loaderErrors } from './errors.ts';
