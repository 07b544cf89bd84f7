// The mask nodes: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { faceMask, invertMask } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(faceMask, () => import('./face-mask.ts')),
  nodePackage(invertMask, () => import('./invert-mask.ts')),
];
