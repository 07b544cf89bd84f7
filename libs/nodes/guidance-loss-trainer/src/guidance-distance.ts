// How the guidance loss measures what the tuned model sees against what it is to see: in latents, or by DINO's features of the decoded pictures.
import type { Model, NodeContext, PairSet } from '@facewright/core';
import { dinoFeatures } from '@facewright/models';
import { openDino, type DiffusionModel } from '@facewright/pipelines';
import { float32, type Tensor } from '@facewright/tensor';
import { featureDistance, squaredDistance, type LatentDistance } from '@facewright/train';
import { boxWeights } from './core/box-weights.ts';
import type { DataSet } from './core/data-set.ts';
import { openDecoder } from './core/decoder.ts';
import { faceArea } from './core/face-areas.ts';
import type { LossParts } from './core/step-graph.ts';
import type { Trainee } from './core/trainee.ts';

export interface GuidanceDistance {
  /** What it reads of each pair. */
  readonly columns: DataSet['columns'];
  of(parts: Pick<LossParts, 'column'>): LatentDistance;
}

/** In latents; faces count `faceWeight` times as much as the rest. */
export function latentDistance(
  { pairs }: PairSet,
  model: DiffusionModel,
  latents: Tensor<'float32'>,
  faceWeight: number,
): GuidanceDistance {
  if (faceWeight === 1) return { columns: {}, of: () => squaredDistance() };
  const [count = 0, , height = 0, width = 0] = latents.dims;
  const data = new Float32Array(count * height * width);
  const size = { height, width, stride: model.stride };
  pairs.forEach(({ boxes }, row) => data.set(boxWeights(boxes, size, faceWeight), row * height * width));
  return { columns: { places: float32([count, 1, height, width], data) }, of: ({ column }) => squaredDistance(column('places')) };
}

export interface DinoSettings {
  readonly dinoMetric: 'cosine' | 'l2';
  readonly dinoOn: 'picture' | 'faces';
}

/** By the features of the whole pictures or of their faces. */
export async function dinoDistance(
  dino: Model<'dino'>,
  { pairs }: PairSet,
  trainee: Trainee,
  { dinoMetric, dinoOn }: DinoSettings,
  ctx: NodeContext,
): Promise<GuidanceDistance> {
  const decode = await openDecoder(trainee, ctx);
  const { config, weights } = await openDino(dino, ctx);
  const see = dinoFeatures(config, weights);
  if (dinoOn === 'picture') return { columns: {}, of: () => featureDistance((latents) => see(decode(latents)), dinoMetric) };
  const areas = float32(
    [pairs.length, 4],
    pairs.flatMap(({ boxes, good }) => [...faceArea(boxes, good)]),
  );
  return {
    columns: { areas },
    of: ({ column }) => featureDistance((latents) => see(decode(latents), column('areas')), dinoMetric),
  };
}
