// Public surface of the toy-faces node library: the node, and the generator that training data is made with.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition } from './definition.ts';

export * from './face-generator.ts';
export const nodes: readonly NodePackage[] = [nodePackage(definition, () => import('./run.ts'))];
