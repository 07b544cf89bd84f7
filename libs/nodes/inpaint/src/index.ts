// The inpainting nodes: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { repaintFaces, repaintMask } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(repaintFaces, () => import('./repaint-faces.ts')),
  nodePackage(repaintMask, () => import('./repaint-mask.ts')),
];
export { err as inpaintErrors } from './errors.ts';
