// Trainers of diffusion models: definitions paired with their work.
import { nodePackage } from '@facewright/core';
import type { NodePackage } from '@facewright/core';
import { dpoTrainer, fineTune, guidanceLossTrainer, reflTrainer, spinTrainer } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(guidanceLossTrainer, () => import('./guidance-loss.ts')),
  nodePackage(dpoTrainer, () => import('./dpo.ts')),
  nodePackage(spinTrainer, () => import('./spin.ts')),
  nodePackage(fineTune, () => import('./fine-tune.ts')),
  nodePackage(reflTrainer, () => import('./refl.ts')),
];
