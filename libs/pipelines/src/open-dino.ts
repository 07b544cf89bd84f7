// DINO opened for use in a graph: its configuration and its weights.
import type { Model, NodeContext } from '@facewright/core';
import { dinoWeights, splitDino, type VisionTransformerConfig, type WeightSource } from '@facewright/models';
import { componentOf, componentWeights } from './model-files.ts';

export interface Dino {
  readonly config: VisionTransformerConfig;
  /** Names of its weights in the graph begin with `dino.`. */
  readonly weights: WeightSource;
}

/** Opens a handle of family 'dino'. Throws PIPELINES_COMPONENT, MODELS_INPUT, MODELS_CONFIG, MODELS_WEIGHTS, WEIGHTS_*. */
export async function openDino(handle: Model<'dino'>, ctx: NodeContext): Promise<Dino> {
  const split = splitDino(handle.name, await componentWeights(handle, 'dino', ctx), componentOf(handle, 'dino').config);
  return { config: split.config, weights: dinoWeights(split, { rename: (name) => `dino.${name}` }) };
}
