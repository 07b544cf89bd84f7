// The nodes of scores, and the loaders of what they need: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { aestheticScore, clipScore, faceQuality, hpsScore, imageReward, loadAesthetic, loadClip, loadFaceQuality } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(loadClip, () => import('./load-clip.ts')),
  nodePackage(loadAesthetic, () => import('./load-aesthetic.ts')),
  nodePackage(loadFaceQuality, () => import('./load-face-quality.ts')),
  nodePackage(imageReward, () => import('./image-reward.ts')),
  nodePackage(clipScore, () => import('./clip-score.ts')),
  nodePackage(hpsScore, () => import('./hps-score.ts')),
  nodePackage(aestheticScore, () => import('./aesthetic-score.ts')),
  nodePackage(faceQuality, () => import('./face-quality.ts')),
];
export { err as scoreNodeErrors } from './errors.ts';
