// Sampler, experiment and image to image: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { drawExperiment, imageToImage, sampler } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(sampler, () => import('./draw-prompts.ts')),
  nodePackage(drawExperiment, () => import('./draw-experiment.ts')),
  nodePackage(imageToImage, () => import('./draw-over.ts')),
];
export { err as samplerErrors } from './errors.ts';
