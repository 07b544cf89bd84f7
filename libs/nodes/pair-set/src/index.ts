// Pairs: put together, filtered, saved and loaded; definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition } from './definition.ts';
import { definition as pairFilter } from './filter-definition.ts';
import { loadPairs, savePairs } from './folder-definitions.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(definition, () => import('./run.ts')),
  nodePackage(pairFilter, () => import('./filter.ts')),
  nodePackage(savePairs, () => import('./save-pairs.ts')),
  nodePackage(loadPairs, () => import('./load-pairs.ts')),
];
export { err as pairSetErrors } from './errors.ts';
