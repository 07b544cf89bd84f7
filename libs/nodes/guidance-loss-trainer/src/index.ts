// The GuidanceLossTrainer node: its definition paired with its work.
import { nodePackage } from '@facewright/core';
import type { NodePackage } from '@facewright/core';
import { definition } from './definition.ts';

export const nodes: readonly NodePackage[] = [nodePackage(definition, () => import('./run.ts'))];
