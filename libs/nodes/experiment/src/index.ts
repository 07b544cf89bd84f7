// The nodes that put models or pictures side by side: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { addModel, addPictures, variantPictures } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(addModel, () => import('./add-model.ts')),
  nodePackage(addPictures, () => import('./add-pictures.ts')),
  nodePackage(variantPictures, () => import('./variant-pictures.ts')),
];
