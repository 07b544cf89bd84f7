// The nodes that come with Facewright, in the order of the palette. A library added to libs/nodes is listed here.
import type { NodePackage } from '@facewright/core';
import { nodes as evaluator } from '@facewright/node-evaluator';
import { nodes as experiment } from '@facewright/node-experiment';
import { nodes as faceDetect } from '@facewright/node-face-detect';
import { nodes as faceScore } from '@facewright/node-face-score';
import { nodes as faceScoreTrainer } from '@facewright/node-face-score-trainer';
import { nodes as fitPictures } from '@facewright/node-fit-pictures';
import { nodes as flow } from '@facewright/node-flow';
import { nodes as guidanceLossTrainer } from '@facewright/node-guidance-loss-trainer';
import { nodes as imageFolder } from '@facewright/node-image-folder';
import { nodes as inpaint } from '@facewright/node-inpaint';
import { nodes as judgement } from '@facewright/node-judgement';
import { nodes as loader } from '@facewright/node-loader';
import { nodes as mask } from '@facewright/node-mask';
import { nodes as metrics } from '@facewright/node-metrics';
import { nodes as pairSet } from '@facewright/node-pair-set';
import { nodes as pictureList } from '@facewright/node-picture-list';
import { nodes as preview } from '@facewright/node-preview';
import { nodes as prompts } from '@facewright/node-prompts';
import { nodes as sampler } from '@facewright/node-sampler';
import { nodes as saveImage } from '@facewright/node-save-image';
import { nodes as saveModel } from '@facewright/node-save-model';
import { nodes as scores } from '@facewright/node-scores';
import { nodes as toyFaces } from '@facewright/node-toy-faces';

export const packages: readonly NodePackage[] = [
  ...loader,
  ...prompts,
  ...imageFolder,
  ...pictureList,
  ...fitPictures,
  ...toyFaces,
  ...sampler,
  ...inpaint,
  ...faceDetect,
  ...mask,
  ...faceScore,
  ...scores,
  ...pairSet,
  ...faceScoreTrainer,
  ...guidanceLossTrainer,
  ...experiment,
  ...metrics,
  ...evaluator,
  ...judgement,
  ...flow,
  ...saveImage,
  ...saveModel,
  ...preview,
];
