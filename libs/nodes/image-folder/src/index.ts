// Pictures from files: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition } from './definition.ts';
import { definition as loadImage } from './load-image-definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(loadImage, () => import('./load-image.ts')),
  nodePackage(definition, () => import('./run.ts')),
];
export { err as imageFolderErrors } from './errors.ts';
