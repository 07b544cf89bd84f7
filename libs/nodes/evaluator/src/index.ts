// The evaluators: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition, experimentDefinition, setDistanceDefinition } from './definition.ts';

export const nodes: readonly NodePackage[] = [
  nodePackage(experimentDefinition, () => import('./run-experiment.ts')),
  nodePackage(setDistanceDefinition, () => import('./set-distance.ts')),
  nodePackage(definition, () => import('./run.ts')),
];
export { guardNames, plainEvaluatorNames } from './metric-names.ts';
