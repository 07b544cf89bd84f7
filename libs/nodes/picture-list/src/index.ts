// Captioned pictures from lists and shards: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { pictureList, webdataset } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(pictureList, () => import('./picture-list.ts')),
  nodePackage(webdataset, () => import('./webdataset.ts')),
];
export { err as pictureListErrors } from './errors.ts';
