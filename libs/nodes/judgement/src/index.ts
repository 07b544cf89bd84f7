// The nodes of human judgement: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { judgements, judgementSet, metricAlignment } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(judgementSet, () => import('./judgement-set.ts')),
  nodePackage(judgements, () => import('./judgements.ts')),
  nodePackage(metricAlignment, () => import('./metric-alignment.ts')),
];
