// Nodes that write into the output folder of a run: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition } from './definition.ts';
import { definition as saveScores } from './save-scores-definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(definition, () => import('./run.ts')),
  nodePackage(saveScores, () => import('./save-scores.ts')),
];
