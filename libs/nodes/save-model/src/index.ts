// Nodes that write trained models into the output folder of a run: definitions paired with their work.
import { nodePackage } from '@facewright/core';
import type { NodePackage } from '@facewright/core';
import { saveDiffusion, saveFaceScore, saveLora } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(saveFaceScore, () => import('./save-face-score.ts')),
  nodePackage(saveLora, () => import('./save-lora.ts')),
  nodePackage(saveDiffusion, () => import('./save-diffusion.ts')),
];
