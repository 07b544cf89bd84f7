// Public surface of the toy-faces node library: the nodes, and the generator that training data is made with.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition } from './definition.ts';
import { definition as toyJudgements } from './toy-judgements-definition.ts';

export * from './face-generator.ts';
export const nodes: readonly NodePackage[] = [
  nodePackage(definition, () => import('./run.ts')),
  nodePackage(toyJudgements, () => import('./toy-judgements.ts')),
];
