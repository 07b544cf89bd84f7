// The nodes that choose the metrics of an experiment: definitions paired with their work.
import { nodePackage, type NodePackage } from '@facewright/core';
import * as define from './definition.ts';

const runs = () => import('./runs.ts');

export const nodes: readonly NodePackage[] = [
  nodePackage(define.faceScoreMetric, async () => ({ run: (await runs()).faceScore })),
  nodePackage(define.imageRewardMetric, async () => ({ run: (await runs()).imageReward })),
  nodePackage(define.hpsMetric, async () => ({ run: (await runs()).hps })),
  nodePackage(define.clipScoreMetric, async () => ({ run: (await runs()).clipScore })),
  nodePackage(define.aestheticMetric, async () => ({ run: (await runs()).aesthetic })),
  nodePackage(define.faceQualityMetric, async () => ({ run: (await runs()).faceQuality })),
  nodePackage(define.frechetMetric, async () => ({ run: (await runs()).frechet })),
  nodePackage(define.kernelMetric, async () => ({ run: (await runs()).kernel })),
];
export { metricNameOf } from './metric-name.ts';
