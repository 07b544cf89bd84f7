// Node library: branches, lists taken apart, and what puts them together again.
import { nodePackage, type NodePackage } from '@facewright/core';
import * as definitions from './definition.ts';

const runs = () => import('./runs.ts');
export const nodes: readonly NodePackage[] = [
  nodePackage(definitions.switchValue, async () => ({ run: (await runs()).switchValue })),
  nodePackage(definitions.gate, async () => ({ run: (await runs()).gate })),
  nodePackage(definitions.compare, async () => ({ run: (await runs()).compare })),
  nodePackage(definitions.logic, async () => ({ run: (await runs()).logic })),
  nodePackage(definitions.count, async () => ({ run: (await runs()).count })),
  nodePackage(definitions.lines, async () => ({ run: (await runs()).lines })),
  nodePackage(definitions.eachPicture, async () => ({ run: (await runs()).eachPicture })),
  nodePackage(definitions.eachPrompt, async () => ({ run: (await runs()).eachPrompt })),
  nodePackage(definitions.collectPictures, async () => ({ run: (await runs()).collectPictures })),
  nodePackage(definitions.joinTexts, async () => ({ run: (await runs()).joinTexts })),
  nodePackage(definitions.sumUp, async () => ({ run: (await runs()).sumUp })),
];
