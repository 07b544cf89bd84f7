// The Fit pictures node: its definition paired with its work.
import { nodePackage, type NodePackage } from '@facewright/core';
import { definition } from './definition.ts';

export const nodes: readonly NodePackage[] = [nodePackage(definition, () => import('./run.ts'))];
export { err as fitPicturesErrors } from './errors.ts';
